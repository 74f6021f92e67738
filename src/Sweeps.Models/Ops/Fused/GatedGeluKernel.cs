using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Sweeps.Models.Ops.Fused;

/// <summary>gelu_tanh(gate) * up and its gradients. gelu_tanh(x) is x * sigmoid(2 sqrt(2 / pi) (x + 0.044715 x^3)).</summary>
internal static class GatedGeluKernel
{
    private const float Linear = 1.5957691216057308f;
    private const float Cubic = Linear * 0.044715f;

    public static void Forward(ReadOnlySpan<float> gate, ReadOnlySpan<float> up, Span<float> output)
    {
        var g = MemoryMarshal.Cast<float, Vector512<float>>(gate);
        var u = MemoryMarshal.Cast<float, Vector512<float>>(up);
        var y = MemoryMarshal.Cast<float, Vector512<float>>(output);
        for (var i = 0; i < y.Length; i++)
        {
            var x = g[i];
            y[i] = x * VectorMath.Sigmoid(x * ((x * x * Cubic) + Vector512.Create(Linear))) * u[i];
        }
    }

    public static void Backward(
        ReadOnlySpan<float> gate,
        ReadOnlySpan<float> up,
        ReadOnlySpan<float> outputGradient,
        Span<float> gateGradient,
        Span<float> upGradient)
    {
        var g = MemoryMarshal.Cast<float, Vector512<float>>(gate);
        var u = MemoryMarshal.Cast<float, Vector512<float>>(up);
        var dy = MemoryMarshal.Cast<float, Vector512<float>>(outputGradient);
        var dg = MemoryMarshal.Cast<float, Vector512<float>>(gateGradient);
        var du = MemoryMarshal.Cast<float, Vector512<float>>(upGradient);
        for (var i = 0; i < dy.Length; i++)
        {
            var x = g[i];
            var square = x * x;
            var sigmoid = VectorMath.Sigmoid(x * ((square * Cubic) + Vector512.Create(Linear)));
            var value = x * sigmoid;
            var inner = (square * (3 * Cubic)) + Vector512.Create(Linear);
            var slope = sigmoid + (value * (Vector512<float>.One - sigmoid) * inner);
            du[i] = dy[i] * value;
            dg[i] = dy[i] * u[i] * slope;
        }
    }
}
