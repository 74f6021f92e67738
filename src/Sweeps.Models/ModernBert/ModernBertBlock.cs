using Sweeps.Models.Layers;
using Sweeps.Models.Ops;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Sweeps.Models.ModernBert;

/// <summary>
/// One layer: rotary attention and a gated feed-forward, each after a norm (the first layer's attention has none, the
/// embeddings are normed already). Source: modeling_modernbert.py, ModernBertEncoderLayer.
/// </summary>
internal sealed class ModernBertBlock
{
    private readonly ulong attentionSite;
    private readonly ulong attentionOutputSite;
    private readonly ulong feedForwardSite;

    public ModernBertBlock(string path)
    {
        attentionSite = DropoutContext.Site(path + "attn");
        attentionOutputSite = DropoutContext.Site(path + "attn.out_drop");
        feedForwardSite = DropoutContext.Site(path + "mlp");
    }

    public required ModernBertConfig Config { get; init; }

    public required bool IsLocal { get; init; }

    public required LayerNorm? AttentionNorm { get; init; }

    /// <summary>Queries, keys and values in one: [3 H, H].</summary>
    public required Linear Mixed { get; init; }

    public required Linear Output { get; init; }

    public required LayerNorm FeedForwardNorm { get; init; }

    /// <summary>What goes through gelu, then its gate: [2 I, H].</summary>
    public required Linear Gated { get; init; }

    public required Linear Down { get; init; }

    /// <summary>[B, T, H] to [B, T, H].</summary>
    public Tensor Forward(Tensor hidden, Tensor? mask, RotaryTable.Slice angles, DropoutContext dropout)
    {
        using var scope = NewDisposeScope();
        var flat = hidden.view(-1, hidden.size(2));
        var (queries, keys, values) = Project(flat, hidden.size(0), dropout);
        return Finish(flat, TensorOps.Rotate(queries, angles), TensorOps.Rotate(keys, angles), values, mask, dropout)
            .view(hidden.shape)
            .MoveToOuterDisposeScope();
    }

    /// <summary>
    /// One position of each text: [B, T, H] to [B, H]. The joint projection is computed everywhere, all else only there.
    /// </summary>
    /// <param name="hidden">[B, T, H].</param>
    /// <param name="rows">The positions, as indices into the flattened batch.</param>
    /// <param name="mask">[B, 1, 1, T], or null.</param>
    /// <param name="angles">Tables of all positions.</param>
    /// <param name="anglesAt">Tables of the chosen positions.</param>
    /// <param name="dropout">Dropout of this micro-step.</param>
    public Tensor ForwardAt(
        Tensor hidden,
        Tensor rows,
        Tensor? mask,
        RotaryTable.Slice angles,
        RotaryTable.Slice anglesAt,
        DropoutContext dropout)
    {
        using var scope = NewDisposeScope();
        var texts = hidden.size(0);
        var flat = hidden.view(-1, hidden.size(2));
        var (queries, keys, values) = Project(flat, texts, dropout);
        var chosen = queries.reshape(-1, Config.Hidden).index_select(0, rows).view(texts, 1, Config.Heads, Config.HeadWidth);
        return Finish(
                flat.index_select(0, rows),
                TensorOps.Rotate(chosen, anglesAt),
                TensorOps.Rotate(keys, angles),
                values,
                mask,
                dropout)
            .MoveToOuterDisposeScope();
    }

    /// <summary>[B T, H] to three of [B, T, N, D].</summary>
    private (Tensor Queries, Tensor Keys, Tensor Values) Project(Tensor flat, long texts, DropoutContext dropout)
    {
        var input = AttentionNorm is null ? flat : AttentionNorm.Forward(flat);
        var parts = Mixed.Forward(input, dropout).view(texts, -1, 3, Config.Heads, Config.HeadWidth).unbind(2);
        return (parts[0].contiguous(), parts[1].contiguous(), parts[2]);
    }

    /// <summary>Hidden states [n, H] with their queries [B, n / B, N, D] to the layer's output [n, H].</summary>
    private Tensor Finish(Tensor hidden, Tensor queries, Tensor keys, Tensor values, Tensor? mask, DropoutContext dropout)
    {
        var mixed = TensorOps.Attention(
            queries,
            keys,
            values,
            mask,
            Math.Pow(Config.HeadWidth, -0.5),
            dropout,
            Config.AttentionDropout,
            attentionSite);
        hidden = hidden + dropout.Apply(Output.Forward(mixed, dropout), Config.AttentionDropout, attentionOutputSite);
        var wide = Gated.Forward(FeedForwardNorm.Forward(hidden), dropout).chunk(2, -1);
        var gated = dropout.Apply(functional.gelu(wide[0]) * wide[1], Config.FeedForwardDropout, feedForwardSite);
        return hidden + Down.Forward(gated, dropout);
    }
}
