using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Training.Checkpoints;

/// <summary>
/// One hash for a set of weights: SHA-256 over the tensors in ordinal order of their names; of each the name (UTF-8, then
/// a zero byte), the safetensors name of its type (then a zero byte), the number of dimensions and each dimension as
/// 8 little-endian bytes, then its bytes. PROTOCOL.md repeats it, so that others can compute it.
/// </summary>
internal static class WeightsHash
{
    /// <summary>Hashes tensors; lower-case hex.</summary>
    public static string Of(IEnumerable<KeyValuePair<string, Tensor>> tensors)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (name, tensor) in tensors.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            Append(hash, name);
            Append(hash, TypeName(tensor.dtype));
            Append(hash, tensor.shape.Length);
            foreach (var size in tensor.shape)
            {
                Append(hash, size);
            }

            AppendData(hash, tensor);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static string TypeName(ScalarType type) => type switch
    {
        ScalarType.Float32 => "F32",
        ScalarType.BFloat16 => "BF16",
        ScalarType.Float16 => "F16",
        ScalarType.Float64 => "F64",
        _ => throw new NotSupportedException($"weights of type {type} are not trained"),
    };

    private static void Append(IncrementalHash hash, string text)
    {
        hash.AppendData(Encoding.UTF8.GetBytes(text));
        hash.AppendData([0]);
    }

    private static void Append(IncrementalHash hash, long number)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
        hash.AppendData(bytes);
    }

    private static void AppendData(IncrementalHash hash, Tensor tensor)
    {
        const int MostElements = 1 << 22;
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var flat = tensor.detach().cpu().contiguous().view(-1);
        for (long done = 0; done < flat.NumberOfElements; done += MostElements)
        {
            using var slice = flat.narrow(0, done, Math.Min(MostElements, flat.NumberOfElements - done));
            hash.AppendData(slice.bytes);
        }
    }
}
