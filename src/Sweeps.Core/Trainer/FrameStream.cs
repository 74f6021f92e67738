using System.Buffers.Binary;
using System.Text.Json;
using Sweeps.Core.Json;

namespace Sweeps.Core.Trainer;

/// <summary>Reads and writes <see cref="Frame"/>s. Writes are serialised by a lock; one reader at a time.</summary>
public sealed class FrameStream(Stream input, Stream output) : IDisposable
{
    private readonly SemaphoreSlim _writing = new(1, 1);

    /// <summary>The next frame; null at the end of the stream.</summary>
    /// <exception cref="InvalidDataException">The bytes are no frame.</exception>
    public async ValueTask<Frame?> ReadAsync(CancellationToken cancellation = default)
    {
        var head = new byte[4];
        var got = await input.ReadAtLeastAsync(head, 4, throwOnEndOfStream: false, cancellation).ConfigureAwait(false);
        if (got == 0)
        {
            return null;
        }

        if (got < 4)
        {
            throw new InvalidDataException("the stream ended inside a frame's length");
        }

        var length = BinaryPrimitives.ReadInt32LittleEndian(head);
        if (length is <= 0 or > Frame.MaxBytes)
        {
            throw new InvalidDataException($"a frame of {length} bytes: 1 to {Frame.MaxBytes} are allowed");
        }

        var body = new byte[length];
        got = await input.ReadAtLeastAsync(body, length, throwOnEndOfStream: false, cancellation).ConfigureAwait(false);
        if (got < length)
        {
            throw new InvalidDataException("the stream ended inside a frame");
        }

        try
        {
            return JsonSerializer.Deserialize<Frame>(body, SweepsJson.Options)
                ?? throw new InvalidDataException("a frame that is null");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"not a frame: {e.Message}", e);
        }
    }

    /// <summary>Writes one frame, whole, and flushes it.</summary>
    /// <exception cref="IOException">The peer is gone.</exception>
    public async ValueTask WriteAsync(Frame frame, CancellationToken cancellation = default)
    {
        var bytes = Encode(frame);
        await _writing.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            await output.WriteAsync(bytes, CancellationToken.None).ConfigureAwait(false);
            await output.FlushAsync(CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>Writes one frame from a thread that must not await.</summary>
    /// <exception cref="IOException">The peer is gone.</exception>
    public void Write(Frame frame)
    {
        var bytes = Encode(frame);
        _writing.Wait();
        try
        {
            output.Write(bytes);
            output.Flush();
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _writing.Dispose();

    private static byte[] Encode(Frame frame)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(frame, SweepsJson.Options);
        if (body.Length > Frame.MaxBytes)
        {
            throw new InvalidDataException($"a frame of {body.Length} bytes is over the limit of {Frame.MaxBytes}");
        }

        var bytes = new byte[body.Length + 4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, body.Length);
        body.CopyTo(bytes, 4);
        return bytes;
    }
}
