using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Sweeps.Models.Ops.Fused;

/// <summary>
/// Rotary positions of heads in one pass. Rows are [token, head]; token t takes row t modulo the table's length. The
/// gradient is the rotation back: the same with negated sines.
/// </summary>
internal static class RotateKernel
{
    /// <param name="input">[tokens, heads, width].</param>
    /// <param name="cos">[period, width].</param>
    /// <param name="sin">As <paramref name="cos"/>, the first half negated.</param>
    /// <param name="output">As <paramref name="input"/>.</param>
    /// <param name="heads">Heads per token.</param>
    /// <param name="width">Width of a head, a multiple of 16.</param>
    /// <param name="back">Rotates the other way.</param>
    public static void Run(
        ReadOnlySpan<float> input,
        ReadOnlySpan<float> cos,
        ReadOnlySpan<float> sin,
        Span<float> output,
        int heads,
        int width,
        bool back)
    {
        var period = cos.Length / width;
        var (half, sign) = (width / 16, Vector256.Create(back ? -1f : 1f));
        for (int start = 0, row = 0; start < input.Length; start += width, row++)
        {
            var x = Vectors(input.Slice(start, width));
            var y = MemoryMarshal.Cast<float, Vector256<float>>(output.Slice(start, width));
            var table = row / heads % period * width;
            var c = Vectors(cos.Slice(table, width));
            var s = Vectors(sin.Slice(table, width));
            for (var i = 0; i < half; i++)
            {
                y[i] = (x[i] * c[i]) + (x[i + half] * s[i] * sign);
                y[i + half] = (x[i + half] * c[i + half]) + (x[i] * s[i + half] * sign);
            }
        }
    }

    private static ReadOnlySpan<Vector256<float>> Vectors(ReadOnlySpan<float> values) =>
        MemoryMarshal.Cast<float, Vector256<float>>(values);
}
