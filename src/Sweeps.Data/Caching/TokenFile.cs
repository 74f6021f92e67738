using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Sweeps.Data.Caching;

/// <summary>
/// The format of a cached split, little endian: "SWTOK\0\0" and the format's version (8 bytes), the key's hash (32), rows and
/// truncated rows (4 each), of each row how many labels and how many ids it has (4 each), all labels, all ids (4 each), the
/// SHA-256 of all of that.
/// </summary>
internal static class TokenFile
{
    private const int HashBytes = 32;
    private const int HeaderBytes = 8 + HashBytes + 8;

    private static ReadOnlySpan<byte> Magic => "SWTOK\0\0\u0002"u8;

    /// <summary>The bytes of a file.</summary>
    public static byte[] Write(TokenCacheKey key, TokenizedRows rows)
    {
        long numbers = rows.Rows.Sum(static row => (long)row.Length) + rows.Labels.Sum(static labels => (long)labels.Length);
        byte[] bytes = new byte[checked(HeaderBytes + (8L * rows.Rows.Length) + (4 * numbers) + HashBytes)];
        Magic.CopyTo(bytes);
        key.Hash.CopyTo(bytes, 8);
        int at = 8 + HashBytes;
        Put(rows.Rows.Length);
        Put(rows.TruncatedRows);
        for (int i = 0; i < rows.Rows.Length; i++)
        {
            Put(rows.Labels[i].Length);
            Put(rows.Rows[i].Length);
        }

        foreach (int[] part in rows.Labels.Concat(rows.Rows))
        {
            foreach (int number in part)
            {
                Put(number);
            }
        }

        SHA256.HashData(bytes.AsSpan(0, at), bytes.AsSpan(at));
        return bytes;

        void Put(int value)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(at), value);
            at += 4;
        }
    }

    /// <summary>The rows of a file; null when it is torn, damaged, of another version or of another key.</summary>
    public static TokenizedRows? Read(TokenCacheKey key, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderBytes + HashBytes
            || !bytes.StartsWith(Magic)
            || !bytes.Slice(8, HashBytes).SequenceEqual(key.Hash)
            || !SHA256.HashData(bytes[..^HashBytes]).AsSpan().SequenceEqual(bytes[^HashBytes..]))
        {
            return null;
        }

        // What the hash covers was written whole, so the counts are right.
        ReadOnlySpan<byte> rest = bytes[(8 + HashBytes)..^HashBytes];
        int count = Take(ref rest), truncated = Take(ref rest);
        int[][] labels = new int[count][];
        int[][] rows = new int[count][];
        for (int i = 0; i < count; i++)
        {
            labels[i] = new int[Take(ref rest)];
            rows[i] = new int[Take(ref rest)];
        }

        foreach (int[] part in labels.Concat(rows))
        {
            if (BitConverter.IsLittleEndian)
            {
                rest[..(4 * part.Length)].CopyTo(MemoryMarshal.AsBytes(part.AsSpan()));
                rest = rest[(4 * part.Length)..];
            }
            else
            {
                for (int n = 0; n < part.Length; n++)
                {
                    part[n] = Take(ref rest);
                }
            }
        }

        return new TokenizedRows(rows, labels, truncated);
    }

    private static int Take(ref ReadOnlySpan<byte> bytes)
    {
        int value = BinaryPrimitives.ReadInt32LittleEndian(bytes);
        bytes = bytes[4..];
        return value;
    }
}
