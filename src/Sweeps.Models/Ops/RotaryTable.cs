using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models.Ops;

/// <summary>Cosines and sines of rotary positions (https://arxiv.org/abs/2104.09864), grown to the longest text seen.</summary>
internal sealed class RotaryTable : IDisposable
{
    private readonly float[] frequencies;
    private readonly Device device;
    private readonly ScalarType type;
    private readonly Dictionary<long, Slice> slices = [];

    /// <param name="theta">Base of the geometric series of frequencies.</param>
    /// <param name="width">Width of a head.</param>
    /// <param name="linearFactor">Positions are divided by this (RoPE type linear); 1 for none.</param>
    /// <param name="type">Element type of the tables.</param>
    /// <param name="device">Where they live.</param>
    public RotaryTable(double theta, int width, double linearFactor, ScalarType type, Device device)
    {
        this.device = device;
        this.type = type;
        frequencies = new float[width / 2];
        for (var i = 0; i < frequencies.Length; i++)
        {
            var inverse = 1f / (float)Math.Pow(theta, 2f * i / width);
            frequencies[i] = (float)(inverse / linearFactor);
        }
    }

    /// <summary>The tables of the first <paramref name="length"/> positions, each [length, 1, width].</summary>
    public Slice For(long length)
    {
        if (!slices.TryGetValue(length, out var slice))
        {
            slice = Build(length);
            slices.Add(length, slice);
        }

        return slice;
    }

    public void Dispose()
    {
        foreach (var slice in slices.Values)
        {
            slice.Cos.Dispose();
            slice.SignedSin.Dispose();
        }
    }

    private Slice Build(long length)
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

        using var scope = NewDisposeScope();
        Tensor Table(float[] values) =>
            tensor(values, [length, 1, half * 2]).to(type, device).DetachFromDisposeScope();
        return new Slice(Table(cos), Table(sin));
    }

    /// <summary>Tables for one length; the first half of each sine row is negated (see <see cref="TensorOps.Rotate"/>).</summary>
    public sealed record Slice(Tensor Cos, Tensor SignedSin)
    {
        /// <summary>Positions in the tables.</summary>
        public long Length { get; } = Cos.size(0);

        /// <summary>Tables with one row per chosen position, in that order.</summary>
        public Slice At(Tensor positions) => new(Cos.index_select(0, positions), SignedSin.index_select(0, positions));
    }
}
