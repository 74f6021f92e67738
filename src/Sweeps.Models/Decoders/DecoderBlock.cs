using Sweeps.Models.Layers;
using Sweeps.Models.Ops;
using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models.Decoders;

/// <summary>
/// One layer: attention and a gated feed-forward, each after a norm, and with families that have them, before a second
/// norm. Sources: transformers, modeling_gemma3.py, modeling_llama.py, modeling_qwen3.py, modeling_mistral.py.
/// </summary>
internal sealed class DecoderBlock
{
    public required DecoderConfig Config { get; init; }

    /// <summary>Its number from 0.</summary>
    public required int Layer { get; init; }

    public required Linear Query { get; init; }

    public required Linear Key { get; init; }

    public required Linear Value { get; init; }

    public required Linear Output { get; init; }

    public required NamedParameter? QueryNorm { get; init; }

    public required NamedParameter? KeyNorm { get; init; }

    public required Linear Gate { get; init; }

    public required Linear Up { get; init; }

    public required Linear Down { get; init; }

    public required NamedParameter InputNorm { get; init; }

    public required NamedParameter? AfterAttentionNorm { get; init; }

    public required NamedParameter BeforeFeedForwardNorm { get; init; }

    public required NamedParameter? AfterFeedForwardNorm { get; init; }

    /// <summary>[B, T, H] to [B, T, H].</summary>
    /// <param name="hidden">Output of the block below.</param>
    /// <param name="mask">Additive, over all columns; see <see cref="DecoderColumns.Mask"/>.</param>
    /// <param name="angles">Tables of the T positions.</param>
    /// <param name="past">Keys and values before them; null for none.</param>
    /// <param name="dropout">Dropout of adapters.</param>
    public Tensor Forward(
        Tensor hidden, Tensor mask, RotaryTable.Slice angles, DecoderPast? past, DropoutContext dropout)
    {
        using var scope = NewDisposeScope();
        var shape = hidden.shape;
        var flat = hidden.view(-1, shape[2]);
        var input = Norm(flat, InputNorm);
        var queries = Queries(input, shape[0], angles, dropout);
        var (keys, values) = KeysAndValues(input, shape[0], angles, past, dropout);
        var mixed = TensorOps.Attention(queries, keys, values, mask, Config.Scale, dropout);
        return FeedForward(flat, mixed, dropout).view(shape).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Some tokens of each text: [B, T, H] to [tokens, H]. Keys and values are computed everywhere, all else only there.
    /// </summary>
    /// <param name="hidden">[B, T, H].</param>
    /// <param name="at">The tokens.</param>
    /// <param name="angles">Tables of all positions.</param>
    /// <param name="past">Keys and values before them; null for none.</param>
    /// <param name="dropout">Dropout of adapters.</param>
    public Tensor ForwardAt(
        Tensor hidden, DecoderQueries at, RotaryTable.Slice angles, DecoderPast? past, DropoutContext dropout)
    {
        using var scope = NewDisposeScope();
        var texts = hidden.size(0);
        var flat = hidden.view(-1, hidden.size(2));
        var input = Norm(flat, InputNorm);
        var queries = Queries(input.index_select(0, at.Grid), texts, at.Angles, dropout);
        var (keys, values) = KeysAndValues(input, texts, angles, past, dropout);
        var mixed = TensorOps.Attention(queries, keys, values, at.Mask, Config.Scale, dropout);
        mixed = at.Chosen is null ? mixed : mixed.index_select(0, at.Chosen);
        return FeedForward(flat.index_select(0, at.Rows), mixed, dropout).MoveToOuterDisposeScope();
    }

    private Tensor Queries(Tensor input, long texts, RotaryTable.Slice angles, DropoutContext dropout) =>
        Turned(Split(Query, input, texts, Config.Heads, dropout), QueryNorm, angles);

    private (Tensor Keys, Tensor Values) KeysAndValues(
        Tensor input, long texts, RotaryTable.Slice angles, DecoderPast? past, DropoutContext dropout)
    {
        var keys = Turned(Split(Key, input, texts, Config.KeyHeads, dropout), KeyNorm, angles);
        var values = Split(Value, input, texts, Config.KeyHeads, dropout);
        return past is null ? (keys, values) : past.Join(Layer, keys, values);
    }

    private Tensor Turned(Tensor heads, NamedParameter? norm, RotaryTable.Slice angles) =>
        norm is null
            ? TensorOps.Rotate(heads, angles)
            : TensorOps.NormRotate(heads, norm.Value, angles, Config.Epsilon, Config.NormOffset);

    private Tensor Split(Linear projection, Tensor input, long texts, int heads, DropoutContext dropout) =>
        projection.Forward(input, dropout).view(texts, -1, heads, Config.HeadWidth);

    /// <summary>All [tokens, H]: hidden states and what attention mixed to the layer's output.</summary>
    private Tensor FeedForward(Tensor hidden, Tensor mixed, DropoutContext dropout)
    {
        hidden = Add(Output.Forward(mixed, dropout), AfterAttentionNorm, hidden);
        var input = Norm(hidden, BeforeFeedForwardNorm);
        var gated = TensorOps.Gated(Gate.Forward(input, dropout), Up.Forward(input, dropout), Config.Gate);
        return Add(Down.Forward(gated, dropout), AfterFeedForwardNorm, hidden);
    }

    private Tensor Add(Tensor change, NamedParameter? norm, Tensor residual) =>
        norm is null
            ? residual + change
            : TensorOps.RmsNorm(change, norm.Value, Config.Epsilon, Config.NormOffset, residual);

    private Tensor Norm(Tensor input, NamedParameter weight) =>
        TensorOps.RmsNorm(input, weight.Value, Config.Epsilon, Config.NormOffset);
}

/// <summary>Tokens at which the last block is wanted, n of them, in a grid of k for each of the B texts.</summary>
/// <param name="Rows">Indices into the flattened hidden states, [n].</param>
/// <param name="Grid">The same of the grid, [B * k].</param>
/// <param name="Chosen">The n tokens in the grid; null where they are the grid.</param>
/// <param name="Mask">[B, 1, k, columns].</param>
/// <param name="Angles">Tables of the grid.</param>
internal sealed record DecoderQueries(Tensor Rows, Tensor Grid, Tensor? Chosen, Tensor Mask, RotaryTable.Slice Angles);
