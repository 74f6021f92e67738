using Sweeps.Models.Methods.Lora;
using Sweeps.Models.Ops;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Sweeps.Models.Layers;

/// <summary>y = x W^T + b, with a LoRA adapter when one is attached.</summary>
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

    /// <summary>[out, in].</summary>
    public NamedParameter Weight { get; }

    /// <summary>[out], or null.</summary>
    public NamedParameter? Bias { get; }

    /// <summary>As <see cref="NamedParameter.Layer"/>.</summary>
    public int Layer => Weight.Layer;

    /// <summary>Input width.</summary>
    public long Inputs => Weight.Value.shape[1];

    /// <summary>Output width.</summary>
    public long Outputs => Weight.Value.shape[0];

    internal LoraAdapter? Adapter { get; set; }

    /// <summary>[n, in] to [n, out].</summary>
    internal Tensor Forward(Tensor input, DropoutContext dropout)
    {
        var output = functional.linear(input, Weight.Value, Bias?.Value!);
        return Adapter is null ? output : Adapter.AddTo(output, input, dropout);
    }
}
