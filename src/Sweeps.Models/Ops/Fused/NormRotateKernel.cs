using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Sweeps.Models.Ops.Fused;

/// <summary>
/// Root mean square norm of every head and its rotary position, in one pass, and its gradients. Rows are
/// [token, head]; token t takes row t modulo the table's length.
/// </summary>
internal static class NormRotateKernel
{
    /// <param name="input">[tokens, heads, width].</param>
    /// <param name="weight">[width].</param>
    /// <param name="cos">[period, width].</param>
    /// <param name="sin">As <paramref name="cos"/>, the first half negated.</param>
    /// <param name="output">As <paramref name="input"/>.</param>
    /// <param name="shape">Sizes and constants.</param>
    public static void Forward(
        ReadOnlySpan<float> input,
        ReadOnlySpan<float> weight,
        ReadOnlySpan<float> cos,
        ReadOnlySpan<float> sin,
        Span<float> output,
        Shape shape)
    {
        var w = Vectors(weight);
        var (half, offset) = (w.Length / 2, Vector256.Create(shape.Offset));
        for (int start = 0, row = 0; start < input.Length; start += shape.Width, row++)
        {
            var x = Vectors(input.Slice(start, shape.Width));
            var y = MemoryMarshal.Cast<float, Vector256<float>>(output.Slice(start, shape.Width));
            var table = row / shape.Heads % shape.Period * shape.Width;
            var c = Vectors(cos.Slice(table, shape.Width));
            var s = Vectors(sin.Slice(table, shape.Width));
            var scale = Vector256.Create(InverseRoot(x, shape.Epsilon));
            for (var i = 0; i < half; i++)
            {
                var low = x[i] * scale * (w[i] + offset);
                var high = x[i + half] * scale * (w[i + half] + offset);
                y[i] = (low * c[i]) + (high * s[i]);
                y[i + half] = (high * c[i + half]) + (low * s[i + half]);
            }
        }
    }

    /// <summary>Writes the gradient of the input and adds to that of the weight (unless it is empty).</summary>
    public static void Backward(
        ReadOnlySpan<float> input,
        ReadOnlySpan<float> weight,
        ReadOnlySpan<float> cos,
        ReadOnlySpan<float> sin,
        ReadOnlySpan<float> outputGradient,
        Span<float> inputGradient,
        Span<float> weightGradient,
        Shape shape)
    {
        var w = Vectors(weight);
        var dw = MemoryMarshal.Cast<float, Vector256<float>>(weightGradient);
        var (half, offset) = (w.Length / 2, Vector256.Create(shape.Offset));
        for (int start = 0, row = 0; start < input.Length; start += shape.Width, row++)
        {
            var x = Vectors(input.Slice(start, shape.Width));
            var dy = Vectors(outputGradient.Slice(start, shape.Width));
            var dx = MemoryMarshal.Cast<float, Vector256<float>>(inputGradient.Slice(start, shape.Width));
            var table = row / shape.Heads % shape.Period * shape.Width;
            var c = Vectors(cos.Slice(table, shape.Width));
            var s = Vectors(sin.Slice(table, shape.Width));
            var inverse = InverseRoot(x, shape.Epsilon);
            var scale = Vector256.Create(inverse);
            var dot = Vector256<float>.Zero;
            for (var i = 0; i < half; i++)
            {
                // The rotation's transpose gives the gradient of the normed head; it is kept in dx meanwhile.
                var low = (dy[i] * c[i]) + (dy[i + half] * s[i + half]);
                var high = (dy[i + half] * c[i + half]) + (dy[i] * s[i]);
                if (!dw.IsEmpty)
                {
                    dw[i] += low * x[i] * scale;
                    dw[i + half] += high * x[i + half] * scale;
                }

                dx[i] = low * (w[i] + offset);
                dx[i + half] = high * (w[i + half] + offset);
                dot += (dx[i] * x[i]) + (dx[i + half] * x[i + half]);
            }

            var pull = Vector256.Create(Vector256.Sum(dot) * inverse * inverse * inverse / shape.Width);
            for (var i = 0; i < dx.Length; i++)
            {
                dx[i] = (dx[i] * scale) - (x[i] * pull);
            }
        }
    }

    private static ReadOnlySpan<Vector256<float>> Vectors(ReadOnlySpan<float> values) =>
        MemoryMarshal.Cast<float, Vector256<float>>(values);

    private static float InverseRoot(ReadOnlySpan<Vector256<float>> row, float epsilon)
    {
        var sum = Vector256<float>.Zero;
        foreach (var vector in row)
        {
            sum += vector * vector;
        }

        return 1f / MathF.Sqrt((Vector256.Sum(sum) / (row.Length * 8)) + epsilon);
    }

    /// <summary>Heads per token, width of a head, rows of the tables, and the constants of the norm.</summary>
    public sealed record Shape(int Heads, int Width, int Period, float Offset, float Epsilon);
}
