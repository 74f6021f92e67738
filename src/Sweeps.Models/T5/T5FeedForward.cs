using Sweeps.Models.Layers;
using Sweeps.Models.Ops;
using static TorchSharp.torch;

namespace Sweeps.Models.T5;

/// <summary>
/// Norm, two layers with relu (T5) or a gelu gate (T5 v1.1, FLAN-T5) between them, residual. Source: modeling_t5.py,
/// T5LayerFF.
/// </summary>
internal sealed class T5FeedForward
{
    private readonly ulong innerSite;
    private readonly ulong outputSite;

    public T5FeedForward(string path)
    {
        innerSite = DropoutContext.Site(path + "inner");
        outputSite = DropoutContext.Site(path + "output");
    }

    public required T5Config Config { get; init; }

    /// <summary>What goes through the activation.</summary>
    public required Linear In { get; init; }

    /// <summary>Multiplied onto the activation; null without a gate.</summary>
    public required Linear? Gate { get; init; }

    public required Linear Out { get; init; }

    public required NamedParameter Norm { get; init; }

    /// <summary>[n, H] to [n, H].</summary>
    public Tensor Forward(Tensor flat, DropoutContext dropout)
    {
        var input = TensorOps.RmsNorm(flat, Norm.Value, Config.Epsilon, 0);
        var wide = In.Forward(input, dropout);
        var inner = Gate is null ? wide.relu() : TensorOps.GatedGelu(wide, Gate.Forward(input, dropout));
        var output = Out.Forward(dropout.Apply(inner, Config.Dropout, innerSite), dropout);
        return flat + dropout.Apply(output, Config.Dropout, outputSite);
    }
}
