using static TorchSharp.torch;

namespace Sweeps.Models.Ops;

/// <summary>
/// Dropout whose masks are a function of (seed, step, micro-step, site) and of nothing else: no generator state lives
/// between steps, so a resumed run draws what the undisturbed run drew. Not for use by two threads at once.
/// </summary>
public sealed class DropoutContext : IDisposable
{
    /// <summary>No dropout: evaluation.</summary>
    public static readonly DropoutContext None = new();

    private readonly ulong key;
    private Generator? generator;

    /// <summary>Masks for one micro-step of one step.</summary>
    public DropoutContext(ulong seed, long step, int microStep)
    {
        key = StableHash.Mix(StableHash.Mix(StableHash.Mix(seed), (ulong)step), (ulong)microStep);
        IsActive = true;
    }

    private DropoutContext()
    {
    }

    /// <summary>False for <see cref="None"/>.</summary>
    public bool IsActive { get; }

    /// <summary>
    /// Zeroes elements with probability <paramref name="probability"/> and scales the others by 1 / (1 - probability).
    /// Returns <paramref name="input"/> itself when nothing is to be dropped.
    /// </summary>
    /// <param name="input">Any shape.</param>
    /// <param name="probability">0 up to, not including, 1.</param>
    /// <param name="site">Names the place in the model; see <see cref="Site"/>.</param>
    public Tensor Apply(Tensor input, double probability, ulong site)
    {
        if (!IsActive || probability <= 0)
        {
            return input;
        }

        generator ??= new Generator(0, CPU);
        generator.manual_seed((long)StableHash.Mix(key, site));
        var mask = rand(input.shape, dtype: ScalarType.Float32, generator: generator).ge_(probability);
        return input * mask.mul_(1.0 / (1.0 - probability)).to(input.dtype, input.device);
    }

    /// <summary>The site number of a named place, the same in every process.</summary>
    public static ulong Site(string name) => StableHash.Of(name);

    /// <inheritdoc />
    public void Dispose() => generator?.Dispose();
}
