using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models.Ops;

/// <summary>Cosines and sines of rotary positions (https://arxiv.org/abs/2104.09864), grown to the longest text seen.</summary>
internal sealed class RotaryTable : IDisposable
{
    private const int LeastPositions = 64;

    private readonly float[] frequencies;
    private readonly Device device;
    private readonly ScalarType type;
    private readonly Dictionary<long, Slice> slices = [];
    private Slice? whole;

    /// <param name="frequencies">Radians per position of each pair of a head.</param>
    /// <param name="type">Element type of the tables.</param>
    /// <param name="device">Where they live.</param>
    public RotaryTable(float[] frequencies, ScalarType type, Device device)
    {
        this.frequencies = frequencies;
        this.device = device;
        this.type = type;
    }

    /// <summary>The tables of the first <paramref name="length"/> positions, each [length, 1, width].</summary>
    public Slice For(long length)
    {
        if (!slices.TryGetValue(length, out var slice))
        {
            var all = Whole(length);
            Tensor First(Tensor table) => TokenBatch.Detached(() => table.narrow(0, 0, length));
            slice = new Slice(First(all.Cos), First(all.SignedSin));
            slices.Add(length, slice);
        }

        return slice;
    }

    /// <summary>Tables with one row per chosen position, in that order; the caller owns them.</summary>
    /// <param name="positions">int64 [n].</param>
    /// <param name="limit">Above every one of them.</param>
    public Slice At(Tensor positions, long limit)
    {
        var all = Whole(limit);
        return new Slice(all.Cos.index_select(0, positions), all.SignedSin.index_select(0, positions));
    }

    public void Dispose()
    {
        foreach (var slice in slices.Values.Append(whole))
        {
            slice?.Cos.Dispose();
            slice?.SignedSin.Dispose();
        }
    }

    private Slice Whole(long length)
    {
        if (whole is null || whole.Length < length)
        {
            // Slices keep the memory of the table that they were cut from: they are cut anew from the longer one.
            Dispose();
            slices.Clear();
            var grown = LeastPositions;
            while (grown < length)
            {
                grown *= 2;
            }

            whole = Build(grown);
        }

        return whole;
    }

    private Slice Build(int length)
    {
        var half = frequencies.Length;
        var cos = new float[length * half * 2];
        var sin = new float[length * half * 2];
        for (var position = 0; position < length; position++)
        {
            for (var i = 0; i < half; i++)
            {
                // The product is rounded to 32 bits as in the reference: at far positions the rounding shows.
                var angle = position * frequencies[i];
                var at = (position * half * 2) + i;
                cos[at] = cos[at + half] = (float)Math.Cos(angle);
                sin[at + half] = (float)Math.Sin(angle);
                sin[at] = -sin[at + half];
            }
        }

        Tensor Table(float[] values) =>
            TokenBatch.Detached(() => tensor(values, [length, 1, half * 2]).to(type, device));
        return new Slice(Table(cos), Table(sin));
    }

    /// <summary>Tables of some positions; the first half of each sine row is negated (see <see cref="TensorOps.Rotate"/>).</summary>
    public sealed record Slice(Tensor Cos, Tensor SignedSin)
    {
        /// <summary>Positions in the tables.</summary>
        public long Length { get; } = Cos.size(0);
    }
}
