using Sweeps.Models.Layers;
using Sweeps.Models.Loading;
using Sweeps.Models.Ops;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Sweeps.Models.Methods.Lora;

/// <summary>The two matrices beside one linear layer: y + scaling * B(A(dropout(x))).</summary>
internal sealed class LoraAdapter
{
    private readonly LoraOptions options;
    private readonly ulong site;

    /// <summary>A starts uniform within 1 / sqrt(in) (PEFT's kaiming_uniform with a = sqrt 5), B at zero.</summary>
    public LoraAdapter(Linear target, LoraOptions options)
    {
        Target = target;
        this.options = options;
        var path = $"base_model.model.{target.Name}.";
        site = DropoutContext.Site(path + "lora_dropout");
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var (inputs, outputs) = (target.Inputs, target.Outputs);
        var weight = target.Weight.Value;
        var nameOfA = path + "lora_A.weight";
        using var generator = Initial.GeneratorOf(nameOfA, options.Seed);
        var bound = 1 / Math.Sqrt(inputs);
        var first = rand([options.Rank, inputs], dtype: ScalarType.Float32, generator: generator)
            .mul_(2 * bound)
            .sub_(bound)
            .to(weight.dtype, weight.device);
        var second = zeros(outputs, options.Rank, dtype: weight.dtype, device: weight.device);
        A = new NamedParameter(nameOfA, target.Layer, first.DetachFromDisposeScope());
        B = new NamedParameter(path + "lora_B.weight", target.Layer, second.DetachFromDisposeScope());
    }

    public Linear Target { get; }

    /// <summary>[rank, in].</summary>
    public NamedParameter A { get; }

    /// <summary>[out, rank].</summary>
    public NamedParameter B { get; }

    /// <summary>Adds the update to <paramref name="output"/> [n, out] in place, from the input [n, in].</summary>
    public Tensor AddTo(Tensor output, Tensor input, DropoutContext dropout)
    {
        var narrow = functional.linear(dropout.Apply(input, options.Dropout, site), A.Value);
        return output.addmm_(narrow, B.Value.t(), 1, (float)options.Scaling);
    }

    /// <summary>W plus (or, with a negative sign, minus) scaling * B A, in place.</summary>
    public void Fold(int sign)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        Target.Weight.Value.add_(functional.linear(B.Value, A.Value.t()), sign * options.Scaling);
    }
}
