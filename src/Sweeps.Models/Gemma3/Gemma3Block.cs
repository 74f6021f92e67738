using Sweeps.Models.Layers;
using Sweeps.Models.Ops;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

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
        var attended = Attend(Norm(hidden, InputNorm), mask, angles, dropout);
        hidden = hidden + Norm(attended, AfterAttentionNorm);
        var input = Norm(hidden, BeforeFeedForwardNorm);
        var gate = functional.gelu(Gate.Forward(input, dropout), TorchSharp.Modules.GELU.Approximate.tanh);
        var mixed = Down.Forward(gate * Up.Forward(input, dropout), dropout);
        return hidden + Norm(mixed, AfterFeedForwardNorm);
    }

    private Tensor Attend(Tensor input, Tensor mask, RotaryTable.Slice angles, DropoutContext dropout)
    {
        var shape = input.shape;
        Tensor Heads(Linear projection, int heads) =>
            projection.Forward(input, dropout).view(shape[0], shape[1], heads, Config.HeadWidth);
        var query = TensorOps.Rotate(Norm(Heads(Query, Config.Heads), QueryNorm), angles);
        var key = TensorOps.Rotate(Norm(Heads(Key, Config.KeyHeads), KeyNorm), angles);
        var value = Heads(Value, Config.KeyHeads);
        return Output.Forward(TensorOps.Attention(query, key, value, mask, Config.Scale, dropout), dropout);
    }

    private Tensor Norm(Tensor input, NamedParameter weight) => Gemma3Model.Norm(input, weight, Config.Epsilon);
}
