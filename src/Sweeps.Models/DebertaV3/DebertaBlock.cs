using Sweeps.Models.Layers;
using Sweeps.Models.Ops;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Sweeps.Models.DebertaV3;

/// <summary>
/// One layer: attention whose scores have parts for (content, content), (content, position) and (position, content),
/// then BERT's feed-forward. Source: modeling_deberta_v2.py, DisentangledSelfAttention.
/// </summary>
internal sealed class DebertaBlock
{
    private readonly ulong attentionSite;
    private readonly ulong positionSite;
    private readonly ulong attentionOutputSite;
    private readonly ulong outputSite;

    public DebertaBlock(string path)
    {
        attentionSite = DropoutContext.Site(path + "attention.self");
        positionSite = DropoutContext.Site(path + "attention.self.pos");
        attentionOutputSite = DropoutContext.Site(path + "attention.output");
        outputSite = DropoutContext.Site(path + "output");
    }

    public required DebertaConfig Config { get; init; }

    public required Linear Query { get; init; }

    public required Linear Key { get; init; }

    public required Linear Value { get; init; }

    public required Linear AttentionOutput { get; init; }

    public required LayerNorm AttentionNorm { get; init; }

    public required Linear Intermediate { get; init; }

    public required Linear Output { get; init; }

    public required LayerNorm OutputNorm { get; init; }

    /// <summary>[B, T, H] to [B, T, H].</summary>
    /// <param name="hidden">[B, T, H].</param>
    /// <param name="relative">[R, H]: the rows of the relative embeddings that occur, normed.</param>
    /// <param name="index">[1, 1, T, T]: row of each query and key.</param>
    /// <param name="mask">Additive, of padded keys; null for none.</param>
    /// <param name="dropout">Dropout of this micro-step.</param>
    public Tensor Forward(Tensor hidden, Tensor relative, Tensor index, Tensor? mask, DropoutContext dropout)
    {
        using var scope = NewDisposeScope();
        var flat = hidden.view(-1, hidden.size(2));
        return Forward(flat, flat, hidden.size(0), relative, index, mask, dropout)
            .view(hidden.shape)
            .MoveToOuterDisposeScope();
    }

    /// <summary>
    /// One position of each text, given as indices into the flattened batch: [B, T, H] to [B, H], with the index rows
    /// [B, 1, 1, T] of those positions. Keys and values are computed everywhere, all else only there.
    /// </summary>
    public Tensor ForwardAt(
        Tensor hidden, Tensor rows, Tensor relative, Tensor index, Tensor? mask, DropoutContext dropout)
    {
        using var scope = NewDisposeScope();
        var flat = hidden.view(-1, hidden.size(2));
        return Forward(flat.index_select(0, rows), flat, hidden.size(0), relative, index, mask, dropout)
            .MoveToOuterDisposeScope();
    }

    private Tensor Forward(
        Tensor queries, Tensor keys, long texts, Tensor relative, Tensor index, Tensor? mask, DropoutContext dropout)
    {
        Tensor Heads(Linear projection, Tensor input, long rows) =>
            projection.Forward(input, dropout).view(rows, -1, Config.Heads, Config.HeadWidth);
        var q = Heads(Query, queries, texts) * Config.Scale;
        var k = Heads(Key, keys, texts);
        var positions = dropout.Apply(relative, Config.HiddenDropout, positionSite);
        var scores = einsum("bqnd,bknd->bnqk", q, k);
        if (Config.ContentToPosition)
        {
            var byRow = einsum("bqnd,rnd->bnqr", q, Heads(Key, positions, positions.size(0)).squeeze(1));
            scores = scores + byRow.gather(-1, index.expand(scores.shape));
        }

        if (Config.PositionToContent)
        {
            // The distance of a query from a key has the same row seen from both sides: the bucket is an odd function.
            var byRow = einsum("bknd,rnd->bnkr", k, Heads(Query, positions, positions.size(0)).squeeze(1) * Config.Scale);
            var turned = index.transpose(-1, -2).expand(texts, Config.Heads, scores.size(3), scores.size(2));
            scores = scores + byRow.gather(-1, turned).transpose(-1, -2);
        }

        var weights = (mask is null ? scores : scores + mask).softmax(-1);
        var mixed = einsum(
                "bnqk,bknd->bqnd",
                dropout.Apply(weights, Config.AttentionDropout, attentionSite),
                Heads(Value, keys, texts))
            .reshape(-1, Config.Hidden);
        var attended = dropout.Apply(AttentionOutput.Forward(mixed, dropout), Config.HiddenDropout, attentionOutputSite);
        var hidden = AttentionNorm.Forward(attended + queries);
        var wide = functional.gelu(Intermediate.Forward(hidden, dropout));
        return OutputNorm.Forward(dropout.Apply(Output.Forward(wide, dropout), Config.HiddenDropout, outputSite) + hidden);
    }
}
