using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models.Optim;

/// <summary>
/// Adam with decoupled weight decay (https://arxiv.org/abs/1711.05101), equal to torch.optim.AdamW. State lives in
/// LibTorch's memory beside the parameters. 32-bit tensors on the CPU are updated in one pass; others by LibTorch. A
/// parameter of 16 bits has a master copy of 32, which is what is updated: small steps are not lost to its rounding.
/// </summary>
public sealed class AdamW : IDisposable
{
    private readonly AdamWOptions options;
    private readonly Slot[] slots;

    /// <summary>Makes zero state for every parameter.</summary>
    public AdamW(IReadOnlyList<NamedParameter> parameters, AdamWOptions? options = null)
    {
        this.options = options ?? new AdamWOptions();
        using var scope = NewDisposeScope();
        using var off = no_grad();
        slots = [.. parameters.Select(parameter => new Slot(
            parameter,
            zeros_like(parameter.Value, ScalarType.Float32).DetachFromDisposeScope(),
            zeros_like(parameter.Value, ScalarType.Float32).DetachFromDisposeScope(),
            parameter.Value.dtype == ScalarType.Float32
                ? null
                : parameter.Value.detach().to_type(ScalarType.Float32).DetachFromDisposeScope()))];
    }

    /// <summary>Updates done so far.</summary>
    public long StepCount { get; private set; }

    /// <summary>
    /// The state for a checkpoint: <c>NAME.exp_avg</c>, <c>NAME.exp_avg_sq</c> and, for parameters of 16 bits,
    /// <c>NAME.master</c>. All in 32 bits; the live tensors, not copies.
    /// </summary>
    public IEnumerable<KeyValuePair<string, Tensor>> State => slots.SelectMany(StateOf);

    /// <summary>Restores a checkpoint's state.</summary>
    /// <param name="stepCount">Updates done when it was taken.</param>
    /// <param name="read">Gives a state tensor by its name in <see cref="State"/>; it is copied and disposed.</param>
    /// <exception cref="ArgumentException">A tensor has another shape.</exception>
    public void Restore(long stepCount, Func<string, Tensor> read)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(stepCount);
        using var off = no_grad();
        foreach (var (name, target) in State)
        {
            using var source = read(name);
            if (!source.shape.SequenceEqual(target.shape))
            {
                throw new ArgumentException(
                    $"{name} has shape [{string.Join(", ", source.shape)}], expected [{string.Join(", ", target.shape)}]");
            }

            target.copy_(source);
        }

        StepCount = stepCount;
    }

    /// <summary>One update from the parameters' gradients. A parameter without a gradient is left alone.</summary>
    /// <param name="learningRate">Of this update.</param>
    public void Step(double learningRate)
    {
        StepCount++;
        using var scope = NewDisposeScope();
        using var off = no_grad();
        foreach (var slot in slots)
        {
            var gradient = slot.Parameter.Value.grad;
            if (gradient is null)
            {
                continue;
            }

            var decay = slot.Parameter.Decays ? options.WeightDecay : 0;
            var wide = gradient.dtype == ScalarType.Float32 ? gradient : gradient.to_type(ScalarType.Float32);
            if (wide.device_type == DeviceType.CPU)
            {
                UpdateInOnePass(slot, wide, learningRate, decay);
            }
            else
            {
                Update(slot, wide, learningRate, decay);
            }

            if (slot.Master is not null)
            {
                slot.Parameter.Value.copy_(slot.Master);
            }
        }
    }

    /// <summary>Drops all gradients.</summary>
    public void ZeroGradients()
    {
        foreach (var slot in slots)
        {
            slot.Parameter.Value.grad = null;
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (var slot in slots)
        {
            slot.Mean.Dispose();
            slot.Square.Dispose();
            slot.Master?.Dispose();
        }
    }

    private void UpdateInOnePass(Slot slot, Tensor gradient, double learningRate, double decay)
    {
        var factors = new AdamWKernel.Factors(
            (float)(1 - (learningRate * decay)),
            (float)(1 - options.Beta1),
            (float)options.Beta2,
            (float)(1 - options.Beta2),
            (float)Math.Sqrt(1 - Math.Pow(options.Beta2, StepCount)),
            (float)options.Epsilon,
            (float)(learningRate / (1 - Math.Pow(options.Beta1, StepCount))));
        AdamWKernel.Update(
            Floats(slot.Target), Floats(gradient.contiguous()), Floats(slot.Mean), Floats(slot.Square), factors);
    }

    private void Update(Slot slot, Tensor gradient, double learningRate, double decay)
    {
        var value = slot.Target;
        value.mul_(1 - (learningRate * decay));
        slot.Mean.mul_(options.Beta1).add_(gradient, 1 - options.Beta1);
        slot.Square.mul_(options.Beta2).addcmul_(gradient, gradient, 1 - options.Beta2);
        var denominator = slot.Square.sqrt()
            .div_(Math.Sqrt(1 - Math.Pow(options.Beta2, StepCount)))
            .add_(options.Epsilon);
        value.addcdiv_(slot.Mean, denominator, -learningRate / (1 - Math.Pow(options.Beta1, StepCount)));
    }

    private static Span<float> Floats(Tensor value) => MemoryMarshal.Cast<byte, float>(value.bytes);

    private static IEnumerable<KeyValuePair<string, Tensor>> StateOf(Slot slot)
    {
        yield return new(slot.Parameter.Name + ".exp_avg", slot.Mean);
        yield return new(slot.Parameter.Name + ".exp_avg_sq", slot.Square);
        if (slot.Master is not null)
        {
            yield return new(slot.Parameter.Name + ".master", slot.Master);
        }
    }

    private sealed record Slot(NamedParameter Parameter, Tensor Mean, Tensor Square, Tensor? Master)
    {
        /// <summary>What the update changes.</summary>
        public Tensor Target => Master ?? Parameter.Value;
    }
}
