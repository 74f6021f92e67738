using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;
using static TorchSharp.torch;

namespace Sweeps.Models.Safetensors;

/// <summary>
/// An open safetensors file. Opening reads and checks the header only; <see cref="Read"/> copies one tensor into memory
/// that LibTorch allocated. Bytes are read, not mapped: a file cut short under a reader is then an error with a name
/// instead of a signal that ends the process.
/// </summary>
public sealed class SafetensorsFile : IDisposable
{
    private const int MostBytesAtOnce = 1 << 28;

    private readonly SafeFileHandle handle;
    private readonly SafetensorsHeader header;
    private readonly long dataStart;

    private SafetensorsFile(string path, SafeFileHandle handle, SafetensorsHeader header, long dataStart)
    {
        Path = path;
        this.handle = handle;
        this.header = header;
        this.dataStart = dataStart;
    }

    /// <summary>Where the file lies.</summary>
    public string Path { get; }

    /// <summary>All tensors by name.</summary>
    public IReadOnlyDictionary<string, SafetensorsEntry> Tensors => header.Tensors;

    /// <summary>The free-form strings of <c>__metadata__</c>; empty when absent.</summary>
    public IReadOnlyDictionary<string, string> Metadata => header.Metadata;

    /// <summary>Opens a file and checks its header.</summary>
    /// <exception cref="SafetensorsException">Not readable, or it breaks the format.</exception>
    public static SafetensorsFile Open(string path)
    {
        SafeFileHandle? handle = null;
        try
        {
            handle = File.OpenHandle(path);
            var length = RandomAccess.GetLength(handle);
            Span<byte> prefix = stackalloc byte[8];
            if (length < 8 || RandomAccess.Read(handle, prefix, 0) != 8)
            {
                throw new SafetensorsException(path, "shorter than the 8 bytes of a header's length");
            }

            var headerLength = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
            if (headerLength > SafetensorsHeader.LongestHeader || headerLength > (ulong)(length - 8))
            {
                throw new SafetensorsException(
                    path,
                    $"the header claims {headerLength} bytes; the file has {length} and a header may have {SafetensorsHeader.LongestHeader}");
            }

            var json = new byte[headerLength];
            ReadExactly(path, handle, json, 8);
            var dataStart = 8 + (long)headerLength;
            var header = SafetensorsHeader.Parse(path, json, length - dataStart);
            var opened = new SafetensorsFile(path, handle, header, dataStart);
            handle = null;
            return opened;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new SafetensorsException(path, $"cannot be read: {error.Message}", error);
        }
        finally
        {
            handle?.Dispose();
        }
    }

    /// <summary>
    /// Copies a tensor out, on the CPU, as <paramref name="type"/> (null: as stored). The caller owns the result.
    /// </summary>
    /// <exception cref="SafetensorsException">No such tensor, or the bytes cannot be read.</exception>
    public Tensor Read(string name, ScalarType? type = null)
    {
        if (!Tensors.TryGetValue(name, out var entry))
        {
            throw new SafetensorsException(Path, $"has no tensor '{name}'");
        }

        var stored = empty([.. entry.Shape], dtype: entry.Type);
        try
        {
            ReadInto(entry, stored);
        }
        catch
        {
            stored.Dispose();
            throw;
        }

        if (type is null || type == entry.Type)
        {
            return stored;
        }

        using (stored)
        {
            return stored.to_type(type.Value);
        }
    }

    /// <inheritdoc />
    public void Dispose() => handle.Dispose();

    private void ReadInto(SafetensorsEntry entry, Tensor target)
    {
        var size = SafetensorsTypes.Size(entry.Type);
        using var flat = target.view(-1);
        var elements = (entry.End - entry.Begin) / size;
        for (long done = 0; done < elements;)
        {
            var count = Math.Min(elements - done, MostBytesAtOnce / size);
            using var slice = flat.narrow(0, done, count);
            ReadExactly(Path, handle, slice.bytes, dataStart + entry.Begin + (done * size));
            done += count;
        }
    }

    private static void ReadExactly(string path, SafeFileHandle handle, Span<byte> target, long offset)
    {
        while (!target.IsEmpty)
        {
            var count = RandomAccess.Read(handle, target, offset);
            if (count == 0)
            {
                throw new SafetensorsException(path, $"ends at byte {offset}, in the middle of its data");
            }

            target = target[count..];
            offset += count;
        }
    }
}
