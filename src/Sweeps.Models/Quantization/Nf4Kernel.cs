using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sweeps.Models.Quantization;

/// <summary>
/// Packed weights to numbers, on the CPU. Every path multiplies the same two floats for a weight, so the results are
/// equal bit for bit whatever the machine can do.
/// </summary>
internal static class Nf4Kernel
{
    /// <summary>Writes code * scale.</summary>
    /// <param name="packed">Two codes a byte, the first in the upper half.</param>
    /// <param name="scales">One for each block of 64 weights.</param>
    /// <param name="output">As many elements as there are weights.</param>
    public static void Unpack(ReadOnlySpan<byte> packed, ReadOnlySpan<float> scales, Span<float> output)
    {
        var done = 0;
        if (Avx2.IsSupported)
        {
            var (low, high) = (Vector256.Create(Nf4Codes.Weights), Vector256.Create(Nf4Codes.Weights[8..]));
            var target = MemoryMarshal.Cast<float, Vector256<float>>(output);
            var whole = output.Length / Nf4Codes.Block;
            ref var source = ref MemoryMarshal.GetReference(packed);
            for (var block = 0; block < whole; block++)
            {
                var scale = Vector256.Create(scales[block]);
                for (var part = 0; part < 8; part++)
                {
                    var at = (block * 8) + part;
                    target[at] = Eight(ref source, at, low, high) * scale;
                }
            }

            done = whole * Nf4Codes.Block;
        }

        for (; done < output.Length; done++)
        {
            output[done] = One(packed, scales, done);
        }
    }

    /// <summary>As <see cref="Unpack"/>, rounded to bfloat16 (the upper half of a float, to nearest even).</summary>
    public static void UnpackToBFloat16(ReadOnlySpan<byte> packed, ReadOnlySpan<float> scales, Span<ushort> output)
    {
        var done = 0;
        if (Avx2.IsSupported)
        {
            var (low, high) = (Vector256.Create(Nf4Codes.Weights), Vector256.Create(Nf4Codes.Weights[8..]));
            var target = MemoryMarshal.Cast<ushort, Vector256<ushort>>(output);
            var whole = output.Length / Nf4Codes.Block;
            ref var source = ref MemoryMarshal.GetReference(packed);
            for (var block = 0; block < whole; block++)
            {
                var scale = Vector256.Create(scales[block]);
                for (var part = 0; part < 4; part++)
                {
                    var at = ((block * 4) + part) * 2;
                    target[at / 2] = Vector256.Narrow(
                        Rounded(Eight(ref source, at, low, high) * scale), Rounded(Eight(ref source, at + 1, low, high) * scale));
                }
            }

            done = whole * Nf4Codes.Block;
        }

        for (; done < output.Length; done++)
        {
            output[done] = Rounded(One(packed, scales, done));
        }
    }

    /// <summary>The values of 8 codes: 4 bytes, spread to 8 lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Eight(ref byte source, int at, Vector256<float> low, Vector256<float> high)
    {
        var bytes = Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref source, at * 4))).AsByte();
        var pairs = Sse2.UnpackLow(bytes, bytes);
        var spread = Avx2.ConvertToVector256Int32(pairs);

        // Even lanes hold their code in bits 4 to 7, odd ones in bits 0 to 3.
        var index = Avx2.ShiftRightLogicalVariable(spread, Vector256.Create(4u, 0, 4, 0, 4, 0, 4, 0));

        // The permutation reads the lower three bits; the fourth, moved to the sign, chooses the half of the table.
        return Avx.BlendVariable(
            Avx2.PermuteVar8x32(low, index), Avx2.PermuteVar8x32(high, index), (index << 28).AsSingle());
    }

    private static float One(ReadOnlySpan<byte> packed, ReadOnlySpan<float> scales, int at) =>
        Nf4Codes.Weights[(packed[at >> 1] >> ((at & 1) == 0 ? 4 : 0)) & 15] * scales[at / Nf4Codes.Block];

    private static Vector256<uint> Rounded(Vector256<float> values)
    {
        var bits = values.AsUInt32();
        return (bits + Vector256.Create(0x7FFFu) + ((bits >> 16) & Vector256<uint>.One)) >> 16;
    }

    private static ushort Rounded(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }
}
