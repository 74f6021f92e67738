using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models.Quantization;

/// <summary>
/// Rounds weights and scales to their code books. A block is a run of elements of the flattened matrix, whatever its rows;
/// the last one may be shorter and has a scale of its own. Source: bitsandbytes' quantize_4bit and quantize_blockwise.
/// </summary>
internal static class Nf4Quantizer
{
    /// <summary>Two weights a byte, the first in the upper half.</summary>
    /// <param name="weights">The flattened matrix.</param>
    /// <param name="packed">Half as many bytes, rounded up.</param>
    /// <param name="scales">The largest magnitude of each block.</param>
    public static void Pack(ReadOnlySpan<float> weights, Span<byte> packed, Span<float> scales)
    {
        Span<float> between = stackalloc float[Nf4Codes.Weights.Length - 1];
        Middles(Nf4Codes.Weights, between);
        packed.Clear();
        for (var block = 0; block < scales.Length; block++)
        {
            var start = block * Nf4Codes.Block;
            var part = weights.Slice(start, Math.Min(Nf4Codes.Block, weights.Length - start));
            scales[block] = Largest(part);

            // A block of zeros has no scale to divide by: its weights take the code of 0.
            var inverse = scales[block] == 0 ? 0 : 1 / scales[block];
            for (var i = 0; i < part.Length; i++)
            {
                var at = start + i;
                packed[at >> 1] |= (byte)(Nearest(between, part[i] * inverse) << ((at & 1) == 0 ? 4 : 0));
            }
        }

        if (weights.Length % 2 != 0)
        {
            packed[^1] |= Nearest(between, 0);
        }
    }

    /// <summary>Rounds scales, less their mean, to 8 bits.</summary>
    /// <param name="scales">From <see cref="Pack"/>.</param>
    /// <param name="codes">As many bytes.</param>
    /// <param name="nested">The largest magnitude of each block of 256, after the mean is taken off.</param>
    /// <returns>The mean.</returns>
    public static float PackScales(ReadOnlySpan<float> scales, Span<byte> codes, Span<float> nested)
    {
        var centred = scales.ToArray();
        var offset = Mean(centred);
        for (var i = 0; i < centred.Length; i++)
        {
            centred[i] -= offset;
        }

        for (var block = 0; block < nested.Length; block++)
        {
            var start = block * Nf4Codes.NestedBlock;
            var part = centred.AsSpan(start, Math.Min(Nf4Codes.NestedBlock, centred.Length - start));
            nested[block] = Largest(part);
            var inverse = nested[block] == 0 ? 0 : 1 / nested[block];
            for (var i = 0; i < part.Length; i++)
            {
                codes[start + i] = (byte)NearestScale(part[i] * inverse);
            }
        }

        return offset;
    }

    /// <summary>The scales that <see cref="PackScales"/> stood for.</summary>
    public static void RestoreScales(ReadOnlySpan<byte> codes, ReadOnlySpan<float> nested, float offset, Span<float> scales)
    {
        for (var i = 0; i < codes.Length; i++)
        {
            scales[i] = (Nf4Codes.Scales[codes[i]] * nested[i / Nf4Codes.NestedBlock]) + offset;
        }
    }

    private static float Mean(float[] values)
    {
        // LibTorch's order of summation is part of the result.
        using var scope = NewDisposeScope();
        return tensor(values).mean().item<float>();
    }

    private static float Largest(ReadOnlySpan<float> values)
    {
        var largest = 0f;
        foreach (var value in values)
        {
            largest = MathF.Max(largest, MathF.Abs(value));
        }

        return largest;
    }

    private static void Middles(ReadOnlySpan<float> codes, Span<float> between)
    {
        for (var i = 0; i < between.Length; i++)
        {
            between[i] = (codes[i] + codes[i + 1]) / 2;
        }
    }

    /// <summary>How many of the 15 middles lie below the value, by halving.</summary>
    private static byte Nearest(ReadOnlySpan<float> between, float value)
    {
        var index = value > between[7] ? 8 : 0;
        index += value > between[index + 3] ? 4 : 0;
        index += value > between[index + 1] ? 2 : 0;
        index += value > between[index] ? 1 : 0;
        return (byte)index;
    }

    /// <summary>
    /// The nearest code of a value from -1 to 1 after rounding it to one of 65536 equally spaced ones: so does the reference's
    /// table.
    /// </summary>
    private static int NearestScale(float value)
    {
        const float Steps = 65535;
        var step = (int)((((value + 1) * 0.5f) * Steps) + 0.5f);
        value = (float)((step / (double)Steps * 2) - 1);
        var codes = Nf4Codes.Scales;
        var right = codes.BinarySearch(value);
        if (right >= 0)
        {
            return right;
        }

        right = Math.Clamp(~right, 1, codes.Length - 1);
        return codes[right] - value < value - codes[right - 1] ? right : right - 1;
    }
}
