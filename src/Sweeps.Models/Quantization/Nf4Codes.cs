using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models.Quantization;

/// <summary>The two code books of bitsandbytes, shared by all matrices. Source: bitsandbytes functional.py.</summary>
internal static class Nf4Codes
{
    /// <summary>Weights that share a scale.</summary>
    public const int Block = 64;

    /// <summary>Scales that share a scale under double quantisation.</summary>
    public const int NestedBlock = 256;

    /// <summary>NF4: 16 values from -1 to 1, quantiles of the normal distribution with 0 among them.</summary>
    public static ReadOnlySpan<float> Weights =>
    [
        -1.0f, -0.6961928009986877f, -0.5250730514526367f, -0.39491748809814453f, -0.28444138169288635f,
        -0.18477343022823334f, -0.09105003625154495f, 0.0f, 0.07958029955625534f, 0.16093020141124725f,
        0.24611230194568634f, 0.33791524171829224f, 0.44070982933044434f, 0.5626170039176941f, 0.7229568362236023f, 1.0f,
    ];

    /// <summary>The code book of scales: 256 values from -1 to 1, denser towards 0 (the dynamic map of 8-bit optimisers).</summary>
    public static ReadOnlySpan<float> Scales => ScaleTable;

    private static float[] ScaleTable { get; } = MakeScales();

    /// <summary>The value of every weight code after rounding to <paramref name="type"/>, as the reference looks it up.</summary>
    public static float[] RoundedTo(ScalarType type)
    {
        using var scope = NewDisposeScope();
        return tensor(Weights.ToArray()).to_type(type).to_type(ScalarType.Float32).data<float>().ToArray();
    }

    /// <summary>Seven decades, each with twice the steps of the one below; midpoints of equal steps from 0.1 to 1.</summary>
    private static float[] MakeScales()
    {
        const int Decades = 7;
        TorchRuntime.EnsureLoaded();
        using var scope = NewDisposeScope();
        var values = new List<float> { 0, 1 };
        for (var decade = 0; decade < Decades; decade++)
        {
            var edges = linspace(0.1, 1, (1 << decade) + 1, dtype: ScalarType.Float32);
            var count = edges.NumberOfElements - 1;
            var middles = (edges.narrow(0, 0, count) + edges.narrow(0, 1, count)) / 2.0;
            foreach (var value in (middles * Math.Pow(10, decade + 1 - Decades)).data<float>().ToArray())
            {
                values.Add(value);
                values.Add(-value);
            }
        }

        values.Sort();
        return [.. values];
    }
}
