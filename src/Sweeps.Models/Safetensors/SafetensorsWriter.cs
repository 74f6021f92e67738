using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json;
using static TorchSharp.torch;

namespace Sweeps.Models.Safetensors;

/// <summary>
/// Writes tensors in the reference implementation's order (largest element type first, then by name), so that the same
/// tensors always give the same bytes.
/// </summary>
public static class SafetensorsWriter
{
    /// <summary>Writes <paramref name="tensors"/> to a new file and flushes it to the disk.</summary>
    /// <param name="path">The file; it is replaced when it exists.</param>
    /// <param name="tensors">Tensors by name, on any device; they need not be contiguous.</param>
    /// <param name="metadata">Strings for <c>__metadata__</c>; <c>format: pt</c> is added, as other readers expect it.</param>
    public static void Save(
        string path,
        IEnumerable<KeyValuePair<string, Tensor>> tensors,
        IReadOnlyDictionary<string, string>? metadata = null)
    {
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None);
        Write(file, tensors, metadata);
        file.Flush(flushToDisk: true);
    }

    /// <summary>Writes <paramref name="tensors"/> to a stream.</summary>
    /// <exception cref="ArgumentException">A name appears twice, or an element type cannot be written.</exception>
    public static void Write(
        Stream stream,
        IEnumerable<KeyValuePair<string, Tensor>> tensors,
        IReadOnlyDictionary<string, string>? metadata = null)
    {
        var ordered = tensors
            .OrderBy(pair => SafetensorsTypes.Rank(pair.Value.dtype))
            .ThenBy(pair => pair.Key, StringComparer.Ordinal)
            .ToList();
        var header = Header(ordered, metadata);
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
        stream.Write(length);
        stream.Write(header);
        foreach (var (_, tensor) in ordered)
        {
            WriteData(stream, tensor);
        }
    }

    private static ReadOnlySpan<byte> Header(
        List<KeyValuePair<string, Tensor>> tensors,
        IReadOnlyDictionary<string, string>? metadata)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject("__metadata__");
            json.WriteString("format", "pt");
            foreach (var (key, value) in (metadata ?? new Dictionary<string, string>()).OrderBy(p => p.Key, StringComparer.Ordinal))
            {
                if (key != "format")
                {
                    json.WriteString(key, value);
                }
            }

            json.WriteEndObject();
            var at = 0L;
            var names = new HashSet<string>(StringComparer.Ordinal);
            foreach (var (name, tensor) in tensors)
            {
                if (!names.Add(name) || SafetensorsTypes.Rank(tensor.dtype) < 0)
                {
                    throw new ArgumentException($"tensor '{name}' appears twice or has element type {tensor.dtype}", nameof(tensors));
                }

                var end = at + (tensor.NumberOfElements * SafetensorsTypes.Size(tensor.dtype));
                json.WriteStartObject(name);
                json.WriteString("dtype", SafetensorsTypes.Name(tensor.dtype));
                WriteNumbers(json, "shape", tensor.shape);
                WriteNumbers(json, "data_offsets", [at, end]);
                json.WriteEndObject();
                at = end;
            }

            json.WriteEndObject();
        }

        // The data starts at a multiple of 8 bytes.
        while (buffer.WrittenCount % 8 != 0)
        {
            buffer.Write(" "u8);
        }

        return buffer.WrittenSpan;
    }

    private static void WriteNumbers(Utf8JsonWriter json, string name, IEnumerable<long> numbers)
    {
        json.WriteStartArray(name);
        foreach (var number in numbers)
        {
            json.WriteNumberValue(number);
        }

        json.WriteEndArray();
    }

    private static void WriteData(Stream stream, Tensor tensor)
    {
        const int MostElements = 1 << 26;
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var flat = tensor.detach().cpu().contiguous().view(-1);
        var elements = flat.NumberOfElements;
        for (long done = 0; done < elements; done += MostElements)
        {
            using var slice = flat.narrow(0, done, Math.Min(MostElements, elements - done));
            stream.Write(slice.bytes);
        }
    }
}
