using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Sweeps.Models.Ops.Fused;

/// <summary>
/// f(gate) * up and its gradients, where f(x) is x * sigmoid(linear x + cubic x^3): silu, or gelu by its tanh
/// approximation, x * sigmoid(2 sqrt(2 / pi) (x + 0.044715 x^3)).
/// </summary>
internal static class GatedKernel
{
    /// <summary>gelu by its tanh approximation.</summary>
    public static readonly Shape GeluTanh = new(1.5957691216057308f, 1.5957691216057308f * 0.044715f);

    /// <summary>x * sigmoid(x).</summary>
    public static readonly Shape Silu = new(1, 0);

    public static void Forward(ReadOnlySpan<float> gate, ReadOnlySpan<float> up, Span<float> output, Shape shape)
    {
        var (linear, cubic) = (Vector512.Create(shape.Linear), Vector512.Create(shape.Cubic));
        var g = MemoryMarshal.Cast<float, Vector512<float>>(gate);
        var u = MemoryMarshal.Cast<float, Vector512<float>>(up);
        var y = MemoryMarshal.Cast<float, Vector512<float>>(output);
        for (var i = 0; i < y.Length; i++)
        {
            var x = g[i];
            y[i] = x * VectorMath.Sigmoid(x * ((Square(x) * cubic) + linear)) * u[i];
        }
    }

    public static void Backward(
        ReadOnlySpan<float> gate,
        ReadOnlySpan<float> up,
        ReadOnlySpan<float> outputGradient,
        Span<float> gateGradient,
        Span<float> upGradient,
        Shape shape)
    {
        var (linear, cubic) = (Vector512.Create(shape.Linear), Vector512.Create(shape.Cubic));
        var slopeCubic = Vector512.Create(3 * shape.Cubic);
        var g = MemoryMarshal.Cast<float, Vector512<float>>(gate);
        var u = MemoryMarshal.Cast<float, Vector512<float>>(up);
        var dy = MemoryMarshal.Cast<float, Vector512<float>>(outputGradient);
        var dg = MemoryMarshal.Cast<float, Vector512<float>>(gateGradient);
        var du = MemoryMarshal.Cast<float, Vector512<float>>(upGradient);
        for (var i = 0; i < dy.Length; i++)
        {
            var x = g[i];
            var square = Square(x);
            var sigmoid = VectorMath.Sigmoid(x * ((square * cubic) + linear));
            var value = x * sigmoid;
            var inner = (square * slopeCubic) + linear;
            var slope = sigmoid + (value * (Vector512<float>.One - sigmoid) * inner);
            du[i] = dy[i] * value;
            dg[i] = dy[i] * u[i] * slope;
        }
    }

    /// <summary>Finite, so that its product with 0 is 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Square(Vector512<float> x) =>
        Vector512.Min(x * x, Vector512.Create(float.MaxValue));

    /// <summary>The two constants of f.</summary>
    public sealed record Shape(float Linear, float Cubic);
}
