using Sweeps.Models.Layers;
using Sweeps.Models.Ops;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Sweeps.Models.Methods.Lora;

/// <summary>
/// Weight-decomposed LoRA (https://arxiv.org/abs/2402.09353): the rows of W + scaling * B A get lengths of their own, m. The
/// length that is divided out is a constant to the gradient. Source: peft tuners/lora/dora.py.
/// </summary>
internal sealed class DoraAdapter : LoraAdapter
{
    private Tensor? mergedFactor;

    /// <summary>m starts at the lengths of W's rows, so that nothing changes.</summary>
    public DoraAdapter(Linear target, LoraOptions options)
        : base(target, options)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        Magnitude = new NamedParameter(
            $"{Prefix}{target.Name}.lora_magnitude_vector", target.Layer, Lengths().clone().DetachFromDisposeScope());
    }

    /// <summary>[out].</summary>
    public NamedParameter Magnitude { get; }

    /// <inheritdoc />
    public override IReadOnlyList<NamedParameter> Parameters => [A, B, Magnitude];

    /// <inheritdoc />
    public override Tensor Forward(Tensor input, DropoutContext dropout)
    {
        var output = Target.Project(input);
        var factor = Magnitude.Value / Lengths();
        var dropped = Dropped(input, dropout);
        var update = functional.linear(functional.linear(dropped, A.Value), B.Value) * Scaling;

        // With dropout the base product that m scales is that of the dropped input; the plain one stays in the sum.
        var wide = output.dtype == ScalarType.Float32 ? output : output.to_type(ScalarType.Float32);
        var own = Drops(dropout) ? functional.linear(dropped, Wide(Target.Matrix())) : WithoutBias(wide);
        var result = wide + ((factor - 1) * own) + (factor * update);
        return result.dtype == output.dtype ? result : result.to_type(output.dtype);
    }

    /// <inheritdoc />
    public override void Merge()
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var weight = Target.Weight.Value;
        mergedFactor = (Magnitude.Value / Lengths()).unsqueeze(1).DetachFromDisposeScope();
        weight.copy_((Wide(weight) + Update()) * mergedFactor);
    }

    /// <inheritdoc />
    public override void Unmerge()
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var weight = Target.Weight.Value;
        weight.copy_((Wide(weight) / mergedFactor!) - Update());
        mergedFactor!.Dispose();
        mergedFactor = null;
    }

    /// <inheritdoc />
    public override void Free()
    {
        base.Free();
        mergedFactor?.Dispose();
    }

    /// <summary>Lengths of the rows of W + scaling * B A, without a gradient: [out].</summary>
    private Tensor Lengths()
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        return (Wide(Target.Matrix()) + Update()).norm(1, keepdim: false, p: 2f).MoveToOuterDisposeScope();
    }

    private Tensor WithoutBias(Tensor output) => Target.Bias is null ? output : output - Target.Bias.Value;

    private static Tensor Wide(Tensor value) => value.dtype == ScalarType.Float32 ? value : value.to_type(ScalarType.Float32);
}
