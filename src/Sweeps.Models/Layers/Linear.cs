using Sweeps.Models.Ops;
using Sweeps.Models.Quantization;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Sweeps.Models.Layers;

/// <summary>y = x W^T + b, changed by an adapter when one is attached. W is a tensor or packed in 4 bits.</summary>
public sealed class Linear
{
    internal Linear(NamedParameter weight, NamedParameter? bias = null)
    {
        Weight = weight;
        Bias = bias;
        Name = weight.Name[..^".weight".Length];
    }

    /// <summary>Module path, for example <c>model.layers.0.self_attn.q_proj</c>.</summary>
    public string Name { get; }

    /// <summary>[out, in]; may be packed.</summary>
    public NamedParameter Weight { get; }

    /// <summary>[out], or null.</summary>
    public NamedParameter? Bias { get; }

    /// <summary>As <see cref="NamedParameter.Layer"/>.</summary>
    public int Layer => Weight.Layer;

    /// <summary>Input width.</summary>
    public long Inputs => Weight.Shape[1];

    /// <summary>Output width.</summary>
    public long Outputs => Weight.Shape[0];

    /// <summary>Type of the weight's elements, before it was packed if it was.</summary>
    internal ScalarType Type => Weight.Type;

    internal LinearAdapter? Adapter { get; set; }

    /// <summary>[n, in] to [n, out].</summary>
    internal Tensor Forward(Tensor input, DropoutContext dropout) =>
        Adapter is null ? Project(input) : Adapter.Forward(input, dropout);

    /// <summary>The layer without its adapter: [n, in] to a new tensor [n, out].</summary>
    internal Tensor Project(Tensor input) =>
        Weight.Packed is { } packed
            ? Nf4LinearFunction.Run(input, packed, Bias?.Value)
            : functional.linear(input, Weight.Value, Bias?.Value!);

    /// <summary>The matrix as numbers; a copy when it is packed, and then disposed with the caller's scope.</summary>
    internal Tensor Matrix() => Weight.Packed is { } packed ? packed.Dense(packed.SourceType) : Weight.Value;
}
