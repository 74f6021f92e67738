using static TorchSharp.torch;

namespace Sweeps.Models.Safetensors;

/// <summary>The element types that are read and written, largest first: the order in which a writer lays them out.</summary>
internal static class SafetensorsTypes
{
    private static readonly (string Name, ScalarType Type, int Size)[] All =
    [
        ("I64", ScalarType.Int64, 8),
        ("F64", ScalarType.Float64, 8),
        ("I32", ScalarType.Int32, 4),
        ("F32", ScalarType.Float32, 4),
        ("F16", ScalarType.Float16, 2),
        ("BF16", ScalarType.BFloat16, 2),
        ("U8", ScalarType.Byte, 1),
        ("BOOL", ScalarType.Bool, 1),
    ];

    public static string Allowed => string.Join(", ", All.Select(type => type.Name));

    public static bool TryParse(string name, out ScalarType type)
    {
        var found = Array.FindIndex(All, known => known.Name == name);
        type = found < 0 ? default : All[found].Type;
        return found >= 0;
    }

    public static int Rank(ScalarType type) => Array.FindIndex(All, known => known.Type == type);

    public static int Size(ScalarType type) => All[Rank(type)].Size;

    public static string Name(ScalarType type) => All[Rank(type)].Name;
}
