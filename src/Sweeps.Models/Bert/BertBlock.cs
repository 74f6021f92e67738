using Sweeps.Models.Layers;
using Sweeps.Models.Ops;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Sweeps.Models.Bert;

/// <summary>
/// One layer: each branch ends in dropout, the residual and a layer norm. Source: modeling_bert.py, BertLayer.
/// </summary>
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
        using var scope = NewDisposeScope();
        var flat = hidden.view(-1, hidden.size(2));
        return Forward(flat, flat, hidden.size(0), mask, dropout).view(hidden.shape).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// One position of each text, given as indices into the flattened batch: [B, T, H] to [B, H]. Keys and values are
    /// computed everywhere, all else only there.
    /// </summary>
    public Tensor ForwardAt(Tensor hidden, Tensor rows, Tensor? mask, DropoutContext dropout)
    {
        using var scope = NewDisposeScope();
        var flat = hidden.view(-1, hidden.size(2));
        return Forward(flat.index_select(0, rows), flat, hidden.size(0), mask, dropout).MoveToOuterDisposeScope();
    }

    private Tensor Forward(Tensor queries, Tensor keys, long texts, Tensor? mask, DropoutContext dropout)
    {
        Tensor Heads(Linear projection, Tensor input) =>
            projection.Forward(input, dropout).view(texts, -1, Config.Heads, Config.HeadWidth);
        var mixed = TensorOps.Attention(
            Heads(Query, queries),
            Heads(Key, keys),
            Heads(Value, keys),
            mask,
            Math.Pow(Config.HeadWidth, -0.5),
            dropout,
            Config.AttentionDropout,
            attentionSite);
        var attended = dropout.Apply(AttentionOutput.Forward(mixed, dropout), Config.HiddenDropout, attentionOutputSite);
        var hidden = AttentionNorm.Forward(attended + queries);
        var wide = functional.gelu(Intermediate.Forward(hidden, dropout));
        return OutputNorm.Forward(dropout.Apply(Output.Forward(wide, dropout), Config.HiddenDropout, outputSite) + hidden);
    }
}
