using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Sweeps.Data.Campaigns;

/// <summary>SplitMix64: the same numbers on every machine and in every .NET version, an own stream for each purpose.</summary>
internal struct SeededRandom
{
    private ulong _state;

    private SeededRandom(ulong state) => _state = state;

    /// <summary>A stream for a purpose; streams of other names or keys are independent of it.</summary>
    public static SeededRandom Stream(string purpose, params ReadOnlySpan<long> keys)
    {
        byte[] text = new byte[Encoding.UTF8.GetByteCount(purpose) + (8 * keys.Length)];
        int at = Encoding.UTF8.GetBytes(purpose, text);
        foreach (long key in keys)
        {
            BinaryPrimitives.WriteInt64LittleEndian(text.AsSpan(at), key);
            at += 8;
        }

        return new SeededRandom(BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(text)));
    }

    public static ulong Mix(ulong value)
    {
        ulong z = value;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    public ulong NextUInt64() => Mix(_state += 0x9E3779B97F4A7C15);

    /// <summary>0 up to and without <paramref name="bound"/>. The bias of the multiplication is below 2^-32 here.</summary>
    public int Next(int bound) => (int)(((UInt128)NextUInt64() * (ulong)bound) >> 64);

    /// <summary>0 up to and without 1, 53 bits.</summary>
    public double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1UL << 53));

    public void Shuffle<T>(Span<T> items)
    {
        for (int i = items.Length - 1; i > 0; i--)
        {
            int other = Next(i + 1);
            (items[i], items[other]) = (items[other], items[i]);
        }
    }
}
