using System.Numerics;
using System.Runtime.InteropServices;

namespace Sweeps.Models.Optim;

/// <summary>
/// The AdamW update of one tensor in one pass over memory. Element by element, so that the result does not depend on
/// the width of the vectors.
/// </summary>
internal static class AdamWKernel
{
    public static void Update(
        Span<float> values, ReadOnlySpan<float> gradients, Span<float> means, Span<float> squares, Factors factors)
    {
        var v = MemoryMarshal.Cast<float, Vector<float>>(values);
        var g = MemoryMarshal.Cast<float, Vector<float>>(gradients);
        var m = MemoryMarshal.Cast<float, Vector<float>>(means);
        var s = MemoryMarshal.Cast<float, Vector<float>>(squares);
        var correction = new Vector<float>(factors.SquareCorrection);
        var epsilon = new Vector<float>(factors.Epsilon);
        for (var i = 0; i < v.Length; i++)
        {
            var gradient = g[i];
            var mean = m[i] + ((gradient - m[i]) * factors.MeanGain);
            var square = (s[i] * factors.SquareKeep) + (gradient * gradient * factors.SquareGain);
            m[i] = mean;
            s[i] = square;
            var denominator = (Vector.SquareRoot(square) / correction) + epsilon;
            v[i] = (v[i] * factors.Keep) - (mean / denominator * factors.StepSize);
        }

        for (var i = v.Length * Vector<float>.Count; i < values.Length; i++)
        {
            var gradient = gradients[i];
            means[i] += (gradient - means[i]) * factors.MeanGain;
            squares[i] = (squares[i] * factors.SquareKeep) + (gradient * gradient * factors.SquareGain);
            var denominator = (MathF.Sqrt(squares[i]) / factors.SquareCorrection) + factors.Epsilon;
            values[i] = (values[i] * factors.Keep) - (means[i] / denominator * factors.StepSize);
        }
    }

    /// <summary>What one step's update multiplies by, rounded once.</summary>
    public readonly record struct Factors(
        float Keep,
        float MeanGain,
        float SquareKeep,
        float SquareGain,
        float SquareCorrection,
        float Epsilon,
        float StepSize);
}
