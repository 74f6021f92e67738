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

    /// <summary>
    /// Seven decades, each with twice the steps of the one below; midpoints of equal steps from 0.1 to 1, in 32 bits with
    /// the roundings of torch.linspace (which, like here, fuses product and sum).
    /// </summary>
    private static float[] MakeScales()
    {
        const int Decades = 7;
        var values = new List<float> { 0, 1 };
        for (var decade = 0; decade < Decades; decade++)
        {
            var count = 1 << decade;
            var unit = (float)Math.Pow(10, decade + 1 - Decades);
            for (var i = 0; i < count; i++)
            {
                var value = unit * ((Edge(i, count) + Edge(i + 1, count)) / 2);
                values.Add(value);
                values.Add(-value);
            }
        }

        values.Sort();
        return [.. values];
    }

    /// <summary>The i-th of count + 1 equally spaced values from 0.1 to 1, counted from the nearer end.</summary>
    private static float Edge(int i, int count)
    {
        var step = (1f - 0.1f) / count;
        return i < (count + 1) / 2 ? MathF.FusedMultiplyAdd(step, i, 0.1f) : MathF.FusedMultiplyAdd(-step, count - i, 1f);
    }
}
