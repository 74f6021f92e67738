using Sweeps.Models.Layers;
using Sweeps.Models.Ops;
using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models.Gemma3;

/// <summary>
/// One layer: attention and a gated feed-forward, each between two norms, the second of which comes before the residual
/// is added. Source: modeling_gemma3.py, Gemma3DecoderLayer.
/// </summary>
internal sealed class Gemma3Block
{
    public required Gemma3Config Config { get; init; }

    public required bool IsSliding { get; init; }

    public required Linear Query { get; init; }

    public required Linear Key { get; init; }

    public required Linear Value { get; init; }

    public required Linear Output { get; init; }

    public required NamedParameter QueryNorm { get; init; }

    public required NamedParameter KeyNorm { get; init; }

    public required Linear Gate { get; init; }

    public required Linear Up { get; init; }

    public required Linear Down { get; init; }

    public required NamedParameter InputNorm { get; init; }

    public required NamedParameter AfterAttentionNorm { get; init; }

    public required NamedParameter BeforeFeedForwardNorm { get; init; }

    public required NamedParameter AfterFeedForwardNorm { get; init; }

    /// <summary>[B, T, H] to [B, T, H].</summary>
    public Tensor Forward(Tensor hidden, Tensor mask, RotaryTable.Slice angles, DropoutContext dropout)
    {
        using var scope = NewDisposeScope();
        var shape = hidden.shape;
        var flat = hidden.view(-1, shape[2]);
        var input = Norm(flat, InputNorm);
        var mixed = TensorOps.Attention(
            Queries(input, shape[0], angles, dropout),
            Keys(input, shape[0], angles, dropout),
            Values(input, shape[0], dropout),
            mask,
            Config.Scale,
            dropout);
        return FeedForward(flat, mixed, dropout).view(shape).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// One position of each text: [B, T, H] to [B, H]. Keys and values are computed everywhere, all else only there.
    /// </summary>
    /// <param name="hidden">[B, T, H].</param>
    /// <param name="rows">The positions, as indices into the flattened batch.</param>
    /// <param name="mask">[B, 1, 1, T].</param>
    /// <param name="angles">Tables of all positions.</param>
    /// <param name="places">The positions, each within its text.</param>
    /// <param name="dropout">Dropout of adapters.</param>
    public Tensor ForwardAt(
        Tensor hidden, Tensor rows, Tensor mask, RotaryTable.Slice angles, Tensor places, DropoutContext dropout)
    {
        using var scope = NewDisposeScope();
        var texts = hidden.size(0);
        var flat = hidden.view(-1, hidden.size(2));
        var input = Norm(flat, InputNorm);
        var mixed = TensorOps.Attention(
            Queries(input.index_select(0, rows), texts, angles.At(places), dropout),
            Keys(input, texts, angles, dropout),
            Values(input, texts, dropout),
            mask,
            Config.Scale,
            dropout);
        return FeedForward(flat.index_select(0, rows), mixed, dropout).MoveToOuterDisposeScope();
    }

    private Tensor Queries(Tensor input, long texts, RotaryTable.Slice angles, DropoutContext dropout) =>
        TensorOps.NormRotate(Heads(Query, input, texts, Config.Heads, dropout), QueryNorm.Value, angles, Config.Epsilon, 1);

    private Tensor Keys(Tensor input, long texts, RotaryTable.Slice angles, DropoutContext dropout) =>
        TensorOps.NormRotate(Heads(Key, input, texts, Config.KeyHeads, dropout), KeyNorm.Value, angles, Config.Epsilon, 1);

    private Tensor Values(Tensor input, long texts, DropoutContext dropout) =>
        Heads(Value, input, texts, Config.KeyHeads, dropout);

    private Tensor Heads(Linear projection, Tensor input, long texts, int heads, DropoutContext dropout) =>
        projection.Forward(input, dropout).view(texts, -1, heads, Config.HeadWidth);

    /// <summary>All [tokens, H]: hidden states and what attention mixed to the layer's output.</summary>
    private Tensor FeedForward(Tensor hidden, Tensor mixed, DropoutContext dropout)
    {
        hidden = Norm(Output.Forward(mixed, dropout), AfterAttentionNorm, hidden);
        var input = Norm(hidden, BeforeFeedForwardNorm);
        var gated = TensorOps.GatedGelu(Gate.Forward(input, dropout), Up.Forward(input, dropout));
        return Norm(Down.Forward(gated, dropout), AfterFeedForwardNorm, hidden);
    }

    private Tensor Norm(Tensor input, NamedParameter weight, Tensor? residual = null) =>
        Gemma3Model.Norm(input, weight, Config.Epsilon, residual);
}
