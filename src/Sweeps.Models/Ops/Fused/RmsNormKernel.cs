using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Sweeps.Models.Ops.Fused;

/// <summary>y = residual + x / sqrt(mean(x^2) + eps) * (weight + offset), row by row, and its gradients.</summary>
internal static class RmsNormKernel
{
    public static void Forward(
        ReadOnlySpan<float> input,
        ReadOnlySpan<float> weight,
        ReadOnlySpan<float> residual,
        Span<float> output,
        float offset,
        float epsilon)
    {
        var w = MemoryMarshal.Cast<float, Vector512<float>>(weight);
        var x = MemoryMarshal.Cast<float, Vector512<float>>(input);
        var r = MemoryMarshal.Cast<float, Vector512<float>>(residual);
        var y = MemoryMarshal.Cast<float, Vector512<float>>(output);
        var shift = Vector512.Create(offset);
        for (var start = 0; start < x.Length; start += w.Length)
        {
            var row = x.Slice(start, w.Length);
            var target = y.Slice(start, w.Length);
            var scale = Vector512.Create(InverseRoot(row, epsilon));
            if (r.IsEmpty)
            {
                for (var i = 0; i < row.Length; i++)
                {
                    target[i] = row[i] * scale * (w[i] + shift);
                }
            }
            else
            {
                var added = r.Slice(start, w.Length);
                for (var i = 0; i < row.Length; i++)
                {
                    target[i] = added[i] + (row[i] * scale * (w[i] + shift));
                }
            }
        }
    }

    /// <summary>Writes the gradient of the input and adds to that of the weight (unless it is empty).</summary>
    public static void Backward(
        ReadOnlySpan<float> input,
        ReadOnlySpan<float> weight,
        ReadOnlySpan<float> outputGradient,
        Span<float> inputGradient,
        Span<float> weightGradient,
        float offset,
        float epsilon)
    {
        var w = MemoryMarshal.Cast<float, Vector512<float>>(weight);
        var x = MemoryMarshal.Cast<float, Vector512<float>>(input);
        var dy = MemoryMarshal.Cast<float, Vector512<float>>(outputGradient);
        var dx = MemoryMarshal.Cast<float, Vector512<float>>(inputGradient);
        var dw = MemoryMarshal.Cast<float, Vector512<float>>(weightGradient);
        var shift = Vector512.Create(offset);
        for (var start = 0; start < x.Length; start += w.Length)
        {
            var row = x.Slice(start, w.Length);
            var gradient = dy.Slice(start, w.Length);
            var target = dx.Slice(start, w.Length);
            var inverse = InverseRoot(row, epsilon);
            var scale = Vector512.Create(inverse);
            var dot = Vector512<float>.Zero;
            for (var i = 0; i < row.Length; i++)
            {
                dot += gradient[i] * (w[i] + shift) * row[i];
            }

            // d/dx of x s: s dy' - x s^3 mean(dy' x).
            var pull = Vector512.Create(Vector512.Sum(dot) * inverse * inverse * inverse / weight.Length);
            for (var i = 0; i < row.Length; i++)
            {
                target[i] = (gradient[i] * (w[i] + shift) * scale) - (row[i] * pull);
            }

            for (var i = 0; i < dw.Length; i++)
            {
                dw[i] += gradient[i] * row[i] * scale;
            }
        }
    }

    private static float InverseRoot(ReadOnlySpan<Vector512<float>> row, float epsilon)
    {
        var sum = Vector512<float>.Zero;
        foreach (var vector in row)
        {
            sum += vector * vector;
        }

        return 1f / MathF.Sqrt((Vector512.Sum(sum) / (row.Length * 16)) + epsilon);
    }
}
