using Sweeps.Models.Layers;
using Sweeps.Models.Ops;
using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models.Methods.Ia3;

/// <summary>
/// One scale for each output of a linear layer or, in a feed-forward layer, for each input. Source: peft tuners/ia3/layer.py.
/// </summary>
internal sealed class Ia3Adapter : LinearAdapter
{
    private readonly bool scalesInput;
    private readonly NamedParameter scales;

    /// <summary>The scales start at 1: nothing changes.</summary>
    public Ia3Adapter(Linear target, bool scalesInput)
        : base(target)
    {
        this.scalesInput = scalesInput;
        using var scope = NewDisposeScope();
        var device = (target.Weight.Packed?.Packed ?? target.Weight.Value).device;
        long[] shape = scalesInput ? [1, target.Inputs] : [target.Outputs, 1];
        scales = new NamedParameter(
            $"{Prefix}{target.Name}.ia3_l",
            target.Layer,
            ones(shape, dtype: ScalarType.Float32, device: device).DetachFromDisposeScope());
    }

    /// <inheritdoc />
    public override IReadOnlyList<NamedParameter> Parameters => [scales];

    /// <inheritdoc />
    public override Tensor Forward(Tensor input, DropoutContext dropout) =>
        scalesInput ? Target.Project(Scaled(input)) : Scaled(Target.Project(input));

    /// <inheritdoc />
    public override void Merge() => Fold(scales.Value.detach());

    /// <inheritdoc />
    public override void Unmerge()
    {
        // As PEFT: a scale of exactly 0 has lost its weights and must not divide.
        using var divisor = scales.Value.detach().add(1e-8);
        using var inverse = divisor.reciprocal();
        Fold(inverse);
    }

    private Tensor Scaled(Tensor value)
    {
        var result = value * scales.Value.view(-1);
        return result.dtype == value.dtype ? result : result.to_type(value.dtype);
    }

    private void Fold(Tensor factor)
    {
        using var off = no_grad();
        Target.Weight.Value.mul_(factor);
        if (!scalesInput && Target.Bias is not null)
        {
            using var flat = factor.view(-1);
            Target.Bias.Value.mul_(flat);
        }
    }
}
