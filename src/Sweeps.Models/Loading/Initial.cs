using Sweeps.Models.Ops;
using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models.Loading;

/// <summary>How a weight starts that no file holds. Each is drawn from a generator of its own, seeded by its name.</summary>
internal readonly record struct Initial(double Deviation, double Mean)
{
    public static readonly Initial Zero = new(0, 0);

    public static readonly Initial One = new(0, 1);

    public static Initial Normal(double deviation) => new(deviation, 0);

    public Tensor Draw(string name, ulong seed, long[] shape)
    {
        if (Deviation == 0)
        {
            return full(shape, Mean, dtype: ScalarType.Float32);
        }

        using var generator = GeneratorOf(name, seed);
        return randn(shape, dtype: ScalarType.Float32, generator: generator).mul_(Deviation);
    }

    public static Generator GeneratorOf(string name, ulong seed) =>
        new Generator(0, CPU).manual_seed((long)StableHash.Mix(seed, StableHash.Of(name)));
}
