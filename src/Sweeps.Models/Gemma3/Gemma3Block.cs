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
        var input = Norm(hidden, InputNorm);
        var mixed = TensorOps.Attention(
            Queries(input, angles, dropout), Keys(input, angles, dropout), Values(input, dropout), mask, Config.Scale, dropout);
        return FeedForward(hidden, mixed, dropout).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// One position of each text: [B, T, H] to [B, 1, H]. Keys and values are computed everywhere, all else only there.
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
        var input = Norm(hidden, InputNorm);
        var (texts, width) = (hidden.size(0), hidden.size(2));
        Tensor Chosen(Tensor all) => all.view(-1, width).index_select(0, rows).view(texts, 1, width);
        var mixed = TensorOps.Attention(
            Queries(Chosen(input), angles.At(places), dropout),
            Keys(input, angles, dropout),
            Values(input, dropout),
            mask,
            Config.Scale,
            dropout);
        return FeedForward(Chosen(hidden), mixed, dropout).MoveToOuterDisposeScope();
    }

    private Tensor Queries(Tensor input, RotaryTable.Slice angles, DropoutContext dropout) =>
        TensorOps.NormRotate(Heads(Query, input, Config.Heads, dropout), QueryNorm.Value, angles, Config.Epsilon, 1);

    private Tensor Keys(Tensor input, RotaryTable.Slice angles, DropoutContext dropout) =>
        TensorOps.NormRotate(Heads(Key, input, Config.KeyHeads, dropout), KeyNorm.Value, angles, Config.Epsilon, 1);

    private Tensor Values(Tensor input, DropoutContext dropout) => Heads(Value, input, Config.KeyHeads, dropout);

    private Tensor Heads(Linear projection, Tensor input, int heads, DropoutContext dropout) =>
        projection.Forward(input, dropout).view(input.size(0), input.size(1), heads, Config.HeadWidth);

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
