using System.Text.Json;
using static TorchSharp.torch;

namespace Sweeps.Models.Safetensors;

/// <summary>
/// The header of a file, checked in full before any tensor is read: known fields only, no duplicates, known element
/// types, sizes that agree with shapes, and tensors that fill the data without overlap, hole or rest.
/// Format: https://github.com/huggingface/safetensors#format.
/// </summary>
internal sealed class SafetensorsHeader
{
    /// <summary>The reference implementation's bound on the header, in bytes.</summary>
    public const long LongestHeader = 100_000_000;

    private const int MostDimensions = 16;

    private readonly string file;
    private readonly Dictionary<string, SafetensorsEntry> tensors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> metadata = new(StringComparer.Ordinal);
    private bool hasMetadata;

    private SafetensorsHeader(string file)
    {
        this.file = file;
    }

    public IReadOnlyDictionary<string, SafetensorsEntry> Tensors => tensors;

    public IReadOnlyDictionary<string, string> Metadata => metadata;

    /// <exception cref="SafetensorsException">The header breaks a rule.</exception>
    public static SafetensorsHeader Parse(string file, ReadOnlySpan<byte> json, long dataLength)
    {
        var header = new SafetensorsHeader(file);
        if (json.IsEmpty || json[0] != (byte)'{')
        {
            throw header.Fault("the header does not start with '{'");
        }

        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 4 });
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = reader.GetString()!;
                if (name == "__metadata__")
                {
                    header.ReadMetadata(ref reader);
                }
                else if (!header.tensors.TryAdd(name, header.ReadEntry(name, ref reader)))
                {
                    throw header.Fault($"tensor '{name}' is listed twice");
                }
            }

            if (reader.Read())
            {
                throw header.Fault("text follows the header's object");
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException)
        {
            throw new SafetensorsException(file, $"the header is not valid JSON of the format: {error.Message}", error);
        }

        header.CheckLayout(dataLength);
        return header;
    }

    private void ReadMetadata(ref Utf8JsonReader reader)
    {
        if (hasMetadata || !reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw Fault("__metadata__ must be one object of strings");
        }

        hasMetadata = true;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            if (!reader.Read() || reader.TokenType != JsonTokenType.String || !metadata.TryAdd(key, reader.GetString()!))
            {
                throw Fault($"__metadata__ field '{key}' must be a string and appear once");
            }
        }
    }

    private SafetensorsEntry ReadEntry(string name, ref Utf8JsonReader reader)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw Fault($"tensor '{name}' is not an object");
        }

        string? type = null;
        List<long>? shape = null, offsets = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var field = reader.GetString()!;
            reader.Read();
            switch (field)
            {
                case "dtype" when type is null && reader.TokenType == JsonTokenType.String:
                    type = reader.GetString();
                    break;
                case "shape" when shape is null:
                    shape = ReadNumbers(name, field, MostDimensions, ref reader);
                    break;
                case "data_offsets" when offsets is null:
                    offsets = ReadNumbers(name, field, 2, ref reader);
                    break;
                default:
                    throw Fault($"tensor '{name}' has an unknown, repeated or mistyped field '{field}'");
            }
        }

        if (type is null || shape is null || offsets is not [var begin, var end])
        {
            throw Fault($"tensor '{name}' needs dtype, shape and data_offsets with two numbers");
        }

        if (!SafetensorsTypes.TryParse(type, out var scalar))
        {
            throw Fault($"tensor '{name}' has dtype {type}; allowed: {SafetensorsTypes.Allowed}");
        }

        CheckSize(name, scalar, shape, begin, end);
        return new SafetensorsEntry(name, scalar, shape, begin, end);
    }

    private List<long> ReadNumbers(string name, string field, int most, ref Utf8JsonReader reader)
    {
        var numbers = new List<long>();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw Fault($"tensor '{name}': {field} must be a list of numbers");
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (numbers.Count == most || !reader.TryGetInt64(out var number) || number < 0)
            {
                throw Fault($"tensor '{name}': {field} must hold at most {most} whole numbers that are not negative");
            }

            numbers.Add(number);
        }

        return numbers;
    }

    private void CheckSize(string name, ScalarType type, List<long> shape, long begin, long end)
    {
        try
        {
            var bytes = checked(shape.Aggregate(1L, (product, size) => checked(product * size)) * SafetensorsTypes.Size(type));
            if (end < begin || end - begin != bytes)
            {
                throw Fault($"tensor '{name}' needs {bytes} bytes for its shape but its data_offsets are {begin} to {end}");
            }
        }
        catch (OverflowException)
        {
            throw Fault($"tensor '{name}' has a shape too large to count: [{string.Join(", ", shape)}]");
        }
    }

    private void CheckLayout(long dataLength)
    {
        var at = 0L;
        foreach (var entry in tensors.Values.OrderBy(entry => entry.Begin).ThenBy(entry => entry.End))
        {
            if (entry.Begin != at)
            {
                var kind = entry.Begin < at ? "overlaps the tensor before it" : "leaves a hole before it";
                throw Fault($"tensor '{entry.Name}' {kind}: starts at {entry.Begin}, expected {at}");
            }

            at = entry.End;
        }

        if (at != dataLength)
        {
            throw Fault($"the tensors fill {at} bytes but the file holds {dataLength} after the header (cut off or padded?)");
        }
    }

    private SafetensorsException Fault(string fault) => new(file, fault);
}
