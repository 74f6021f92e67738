using Sweeps.Models.Layers;
using Sweeps.Models.Ops;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Sweeps.Models.Bert;

/// <summary>One layer: each branch ends in dropout, the residual and a layer norm. Source: modeling_bert.py, BertLayer.</summary>
internal sealed class BertBlock
{
    private readonly ulong attentionSite;
    private readonly ulong attentionOutputSite;
    private readonly ulong outputSite;

    public BertBlock(string path)
    {
        attentionSite = DropoutContext.Site(path + "attention.self");
        attentionOutputSite = DropoutContext.Site(path + "attention.output");
        outputSite = DropoutContext.Site(path + "output");
    }

    public required BertConfig Config { get; init; }

    public required Linear Query { get; init; }

    public required Linear Key { get; init; }

    public required Linear Value { get; init; }

    public required Linear AttentionOutput { get; init; }

    public required LayerNorm AttentionNorm { get; init; }

    public required Linear Intermediate { get; init; }

    public required Linear Output { get; init; }

    public required LayerNorm OutputNorm { get; init; }

    /// <summary>[B, T, H] to [B, T, H].</summary>
    public Tensor Forward(Tensor hidden, Tensor? mask, DropoutContext dropout)
    {
        var shape = hidden.shape;
        Tensor Heads(Linear projection) =>
            projection.Forward(hidden, dropout).view(shape[0], shape[1], Config.Heads, Config.HeadWidth);
        var mixed = TensorOps.Attention(
            Heads(Query), Heads(Key), Heads(Value), mask, Math.Pow(Config.HeadWidth, -0.5), dropout, Config.AttentionDropout, attentionSite);
        var attended = dropout.Apply(AttentionOutput.Forward(mixed, dropout), Config.HiddenDropout, attentionOutputSite);
        hidden = AttentionNorm.Forward(attended + hidden);
        var wide = functional.gelu(Intermediate.Forward(hidden, dropout));
        return OutputNorm.Forward(dropout.Apply(Output.Forward(wide, dropout), Config.HiddenDropout, outputSite) + hidden);
    }
}
