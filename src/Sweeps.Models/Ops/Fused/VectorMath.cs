using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sweeps.Models.Ops.Fused;

/// <summary>Elementary functions on 16 floats. The same instructions in the same order on every CPU.</summary>
internal static class VectorMath
{
    /// <summary>e^x within 2 units in the last place, for x clamped to -87 .. 88 (Cephes' expf).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Exp(Vector512<float> x)
    {
        x = Vector512.Min(Vector512.Max(x, Vector512.Create(-87f)), Vector512.Create(88f));
        var power = Vector512.Floor((x * 1.44269504088896341f) + Vector512.Create(0.5f));
        var rest = x - (power * 0.693359375f) - (power * -2.12194440e-4f);
        var sum = Vector512.Create(1.9875691500e-4f);
        sum = (sum * rest) + Vector512.Create(1.3981999507e-3f);
        sum = (sum * rest) + Vector512.Create(8.3334519073e-3f);
        sum = (sum * rest) + Vector512.Create(4.1665795894e-2f);
        sum = (sum * rest) + Vector512.Create(1.6666665459e-1f);
        sum = (sum * rest) + Vector512.Create(5.0000001201e-1f);
        sum = (sum * rest * rest) + rest + Vector512<float>.One;
        var exponent = (Vector512.ConvertToInt32(power) + Vector512.Create(127)) << 23;
        return sum * exponent.AsSingle();
    }

    /// <summary>1 / (1 + e^-x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Sigmoid(Vector512<float> x) =>
        Vector512<float>.One / (Vector512<float>.One + Exp(-x));
}
