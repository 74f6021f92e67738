using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json;

namespace Sweeps.Benchmarks.Throughput;

/// <summary>
/// The trainer protocol without the types of <c>Sweeps.Core.Trainer</c>: compiling their serializers costs each of
/// sixteen stand-ins most of a second of the cores that the silo is measured on.
/// </summary>
internal sealed class StandInPipe(Stream input, Stream output)
{
    private readonly Lock _writing = new();

    /// <summary>The next frame; null at the end of the input.</summary>
    public async Task<JsonDocument?> ReadAsync()
    {
        var head = new byte[4];
        if (await input.ReadAtLeastAsync(head, 4, throwOnEndOfStream: false) < 4)
        {
            return null;
        }

        var body = new byte[BinaryPrimitives.ReadInt32LittleEndian(head)];
        return await input.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false) < body.Length
            ? null
            : JsonDocument.Parse(body);
    }

    /// <summary>Sends a frame.</summary>
    /// <param name="type">Its type.</param>
    /// <param name="job">Its job; null in the hello.</param>
    /// <param name="attempt">Its attempt.</param>
    /// <param name="body">Writes its other properties.</param>
    public void Write(string type, string? job, int attempt, Action<Utf8JsonWriter>? body)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        buffer.GetSpan(4);
        buffer.Advance(4);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("type", type);
            if (job is not null)
            {
                writer.WriteString("job", job);
            }

            writer.WriteNumber("attempt", attempt);
            body?.Invoke(writer);
            writer.WriteEndObject();
        }

        var bytes = buffer.WrittenSpan.ToArray();
        BinaryPrimitives.WriteInt32LittleEndian(bytes, bytes.Length - 4);
        lock (_writing)
        {
            output.Write(bytes);
            output.Flush();
        }
    }

    /// <summary>Sends bytes that are no frame.</summary>
    public void WriteGarbage()
    {
        lock (_writing)
        {
            output.Write([255, 255, 255, 255, 1, 2, 3]);
            output.Flush();
        }
    }
}
