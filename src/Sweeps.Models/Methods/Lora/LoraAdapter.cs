using Sweeps.Models.Layers;
using Sweeps.Models.Loading;
using Sweeps.Models.Ops;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Sweeps.Models.Methods.Lora;

/// <summary>The two matrices beside one linear layer: y + scaling * B(A(dropout(x))).</summary>
internal class LoraAdapter : LinearAdapter
{
    private readonly LoraOptions options;
    private readonly ulong site;

    /// <summary>A starts uniform within 1 / sqrt(in) (PEFT's kaiming_uniform with a = sqrt 5), or normal; B at zero.</summary>
    public LoraAdapter(Linear target, LoraOptions options)
        : base(target)
    {
        this.options = options;
        var path = $"{Prefix}{target.Name}.";
        site = DropoutContext.Site(path + "lora_dropout");
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var device = (target.Weight.Packed?.Packed ?? target.Weight.Value).device;
        var nameOfA = path + "lora_A.weight";
        var first = Draw(nameOfA, target.Inputs, options).to(device);
        var second = zeros(target.Outputs, options.Rank, dtype: ScalarType.Float32, device: device);
        A = new NamedParameter(nameOfA, target.Layer, first.DetachFromDisposeScope());
        B = new NamedParameter(path + "lora_B.weight", target.Layer, second.DetachFromDisposeScope());
    }

    /// <summary>[rank, in].</summary>
    public NamedParameter A { get; }

    /// <summary>[out, rank].</summary>
    public NamedParameter B { get; }

    /// <inheritdoc />
    public override IReadOnlyList<NamedParameter> Parameters => [A, B];

    /// <summary>Factor on the update.</summary>
    protected double Scaling => options.Scaling;

    /// <inheritdoc />
    public override Tensor Forward(Tensor input, DropoutContext dropout)
    {
        var output = Target.Project(input);
        var narrow = functional.linear(Dropped(input, dropout), A.Value);
        return output.dtype == ScalarType.Float32
            ? output.addmm_(narrow, B.Value.t(), 1, (float)Scaling)
            : output + (functional.linear(narrow, B.Value) * Scaling).to_type(output.dtype);
    }

    /// <inheritdoc />
    public override void Merge() => Fold(1);

    /// <inheritdoc />
    public override void Unmerge() => Fold(-1);

    /// <summary>The adapter's input in 32 bits, after dropout.</summary>
    protected Tensor Dropped(Tensor input, DropoutContext dropout)
    {
        var kept = dropout.Apply(input, options.Dropout, site);
        return kept.dtype == ScalarType.Float32 ? kept : kept.to_type(ScalarType.Float32);
    }

    /// <summary>Whether dropout does anything in this pass.</summary>
    protected bool Drops(DropoutContext dropout) => dropout.IsActive && options.Dropout > 0;

    /// <summary>scaling * B A: [out, in].</summary>
    protected Tensor Update() => functional.linear(B.Value, A.Value.t()).mul_(Scaling);

    private void Fold(int sign)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        Target.Weight.Value.add_(Update().to_type(Target.Type), sign);
    }

    private static Tensor Draw(string name, long inputs, LoraOptions options)
    {
        using var generator = Initial.GeneratorOf(name, options.Seed);
        if (options.Start == LoraStart.Gaussian)
        {
            return randn([options.Rank, inputs], dtype: ScalarType.Float32, generator: generator).mul_(1.0 / options.Rank);
        }

        var bound = 1 / Math.Sqrt(inputs);
        return rand([options.Rank, inputs], dtype: ScalarType.Float32, generator: generator).mul_(2 * bound).sub_(bound);
    }
}
