using System.Globalization;
using System.Text;
using System.Text.Json;
using Sweeps.Models.Loading;
using Sweeps.Models.Safetensors;
using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models.Quantization;

/// <summary>
/// A packed matrix in a model file, as bitsandbytes saves it: the packed bytes under the weight's own name, and beside it
/// scales, code books and a JSON text as bytes. Source: bitsandbytes functional.py, QuantState.as_dict.
/// </summary>
internal static class BitsAndBytesFormat
{
    private const string State = ".quant_state.bitsandbytes__nf4";
    private const string ScalesPart = ".absmax";
    private const string CodesPart = ".quant_map";
    private const string NestedScalesPart = ".nested_absmax";
    private const string NestedCodesPart = ".nested_quant_map";
    private const int LongestState = 4096;

    private static readonly (string Name, ScalarType Type)[] Types =
    [
        ("float32", ScalarType.Float32), ("bfloat16", ScalarType.BFloat16), ("float16", ScalarType.Float16),
    ];

    /// <summary>Ends of the names of everything that belongs to one matrix; the empty one is the packed bytes.</summary>
    public static IReadOnlyList<string> Parts { get; } =
        ["", ScalesPart, CodesPart, NestedScalesPart, NestedCodesPart, State];

    /// <summary>Whether the folder holds a weight packed.</summary>
    public static bool IsPacked(SafetensorsFolder folder, string name) => folder.Find(name + State) is not null;

    /// <summary>The element type that a name such as <c>bfloat16</c> means; null when it is none of ours.</summary>
    public static ScalarType? TypeOf(string name) =>
        Array.FindIndex(Types, type => type.Name == name) is >= 0 and var found ? Types[found].Type : null;

    /// <summary>Reads a packed matrix.</summary>
    /// <exception cref="SafetensorsException">Parts are missing, of another size, or of a kind that is not NF4 in blocks of 64.</exception>
    public static Nf4Matrix Read(SafetensorsFolder folder, string name, ScalarType computeType, Device device)
    {
        SafetensorsException Fault(string what) => new(folder.Path, $"'{name}': {what}");
        using var state = ReadState(folder, name, Fault);
        var root = state.RootElement;
        var nested = root.TryGetProperty("nested_offset", out var offset);
        if (Text(root, "quant_type") != "nf4" || Number(root, "blocksize") != Nf4Codes.Block
            || (nested && Number(root, "nested_blocksize") != Nf4Codes.NestedBlock))
        {
            throw Fault("only nf4 in blocks of 64, with nested blocks of 256, can be read");
        }

        var sourceType = TypeOf(Text(root, "dtype")) ?? throw Fault($"dtype {Text(root, "dtype")} is not known");
        var shape = ReadShape(root) ?? throw Fault("the shape in its state is no list of two positive numbers");
        var count = shape[0] * shape[1];
        var blocks = (count + Nf4Codes.Block - 1) / Nf4Codes.Block;
        using var scope = NewDisposeScope();

        Tensor Part(string part, ScalarType type, long elements)
        {
            var entry = folder.Find(name + part) ?? throw Fault($"'{name}{part}' is missing");
            return entry.Type == type && entry.Shape.Aggregate(1L, (product, size) => product * size) == elements
                ? folder.Read(name + part)
                : throw Fault($"'{name}{part}' should have {elements} elements of {type}");
        }

        CheckCodes(Part(CodesPart, ScalarType.Float32, Nf4Codes.Weights.Length), Nf4Codes.Weights, Fault);
        if (nested)
        {
            CheckCodes(Part(NestedCodesPart, ScalarType.Float32, Nf4Codes.Scales.Length), Nf4Codes.Scales, Fault);
        }

        Tensor Kept(Tensor value) => value.to(device).DetachFromDisposeScope();
        var packed = Kept(Part("", ScalarType.Byte, (count + 1) / 2).view(-1, 1));
        var scales = Kept(Part(ScalesPart, nested ? ScalarType.Byte : ScalarType.Float32, blocks));
        var nestedScales = nested
            ? Kept(Part(NestedScalesPart, ScalarType.Float32, (blocks + Nf4Codes.NestedBlock - 1) / Nf4Codes.NestedBlock))
            : null;
        return new Nf4Matrix(
            shape, sourceType, computeType, packed, scales, nestedScales, nested ? (float)offset.GetDouble() : 0);
    }

    /// <summary>Everything that a file holds for a packed matrix. Its own tensors, and new ones in the caller's scope.</summary>
    public static IEnumerable<KeyValuePair<string, Tensor>> Write(string name, Nf4Matrix matrix)
    {
        yield return new(name, matrix.Packed);
        yield return new(name + ScalesPart, matrix.Scales);
        yield return new(name + CodesPart, tensor(Nf4Codes.Weights.ToArray()));
        if (matrix.NestedScales is not null)
        {
            yield return new(name + NestedScalesPart, matrix.NestedScales);
            yield return new(name + NestedCodesPart, tensor(Nf4Codes.Scales.ToArray()));
        }

        yield return new(name + State, tensor(Encoding.ASCII.GetBytes(StateOf(matrix)), dtype: ScalarType.Byte));
    }

    private static string StateOf(Nf4Matrix matrix)
    {
        var type = Array.Find(Types, type => type.Type == matrix.SourceType).Name;
        var text = new StringBuilder().Append(
            CultureInfo.InvariantCulture,
            $"{{\"quant_type\": \"nf4\", \"blocksize\": {Nf4Codes.Block}, \"dtype\": \"{type}\", \"shape\": [{string.Join(", ", matrix.Shape)}]");
        if (matrix.NestedScales is not null)
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $", \"nested_blocksize\": {Nf4Codes.NestedBlock}, \"nested_dtype\": \"float32\", \"nested_offset\": {PythonNumber.Of(matrix.Offset)}");
        }

        return text.Append('}').ToString();
    }

    private static JsonDocument ReadState(SafetensorsFolder folder, string name, Func<string, SafetensorsException> fault)
    {
        var entry = folder.Find(name + State)!;
        if (entry.Type != ScalarType.Byte || entry.Shape.Count != 1 || entry.Shape[0] > LongestState)
        {
            throw fault($"its state must be at most {LongestState} bytes of JSON");
        }

        using var bytes = folder.Read(name + State);
        try
        {
            var state = JsonDocument.Parse(bytes.bytes.ToArray(), new JsonDocumentOptions { MaxDepth = 4 });
            return state.RootElement.ValueKind == JsonValueKind.Object ? state : throw fault("its state is no JSON object");
        }
        catch (JsonException error)
        {
            throw fault($"its state is no JSON: {error.Message}");
        }
    }

    private static void CheckCodes(Tensor stored, ReadOnlySpan<float> ours, Func<string, SafetensorsException> fault)
    {
        // The library makes the table of scales anew on every machine: the last bit differs where products are not fused.
        var values = stored.data<float>().ToArray();
        for (var i = 0; i < values.Length; i++)
        {
            if (!(Math.Abs(values[i] - ours[i]) <= 1e-6 * Math.Abs(ours[i])))
            {
                throw fault("its code book is not that of nf4");
            }
        }
    }

    private static long[]? ReadShape(JsonElement state) =>
        state.TryGetProperty("shape", out var shape) && shape.ValueKind == JsonValueKind.Array && shape.GetArrayLength() == 2
        && shape.EnumerateArray().All(size => size.TryGetInt32(out var value) && value > 0)
            ? [.. shape.EnumerateArray().Select(size => (long)size.GetInt32())]
            : null;

    private static string Text(JsonElement state, string name) =>
        state.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "missing";

    private static int Number(JsonElement state, string name) =>
        state.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number
        && value.TryGetInt32(out var number) ? number : -1;
}
