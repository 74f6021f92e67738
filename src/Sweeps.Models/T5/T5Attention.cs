using Sweeps.Models.Layers;
using Sweeps.Models.Ops;
using static TorchSharp.torch;

namespace Sweeps.Models.T5;

/// <summary>
/// Attention with the norm before it and the residual after it: of a text to itself, or of what is written to what was
/// read. Scores are not scaled. Source: modeling_t5.py, T5Attention, T5LayerSelfAttention, T5LayerCrossAttention.
/// </summary>
internal sealed class T5Attention
{
    private readonly ulong weightSite;
    private readonly ulong outputSite;

    public T5Attention(string path)
    {
        weightSite = DropoutContext.Site(path + "weights");
        outputSite = DropoutContext.Site(path + "output");
    }

    public required T5Config Config { get; init; }

    public required Linear Query { get; init; }

    public required Linear Key { get; init; }

    public required Linear Value { get; init; }

    public required Linear Output { get; init; }

    public required NamedParameter Norm { get; init; }

    /// <summary>The norm before: [n, H] to [n, H].</summary>
    public Tensor Normed(Tensor flat) => TensorOps.RmsNorm(flat, Norm.Value, Config.Epsilon, 0);

    /// <summary>Keys and values [B, T, N, D] of [B * T, H].</summary>
    public (Tensor Keys, Tensor Values) KeysOf(Tensor flat, long texts, DropoutContext dropout) =>
        (Heads(Key, flat, texts, dropout), Heads(Value, flat, texts, dropout));

    /// <summary>Residual plus attention.</summary>
    /// <param name="residual">[n, H]: hidden states of the queries.</param>
    /// <param name="normed">[n, H]: the same, normed.</param>
    /// <param name="keys">[B, T, N, D], from <see cref="KeysOf"/>.</param>
    /// <param name="values">As the keys.</param>
    /// <param name="mask">Additive: position bias, padding, order; null for none.</param>
    /// <param name="dropout">Dropout of this micro-step.</param>
    public Tensor Attend(
        Tensor residual, Tensor normed, Tensor keys, Tensor values, Tensor? mask, DropoutContext dropout)
    {
        var queries = Heads(Query, normed, keys.size(0), dropout);
        var mixed = TensorOps.Attention(queries, keys, values, mask, 1, dropout, Config.Dropout, weightSite);
        return residual + dropout.Apply(Output.Forward(mixed, dropout), Config.Dropout, outputSite);
    }

    private Tensor Heads(Linear projection, Tensor input, long texts, DropoutContext dropout) =>
        projection.Forward(input, dropout).view(texts, -1, Config.Heads, Config.HeadWidth);
}
