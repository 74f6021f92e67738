using Sweeps.Models.Ops;
using static TorchSharp.torch;

namespace Sweeps.Models.T5;

/// <summary>One layer of the encoder, or with <see cref="Cross"/> of the decoder. Source: modeling_t5.py, T5Block.</summary>
internal sealed class T5Block
{
    public required T5Attention Self { get; init; }

    public required T5Attention? Cross { get; init; }

    public required T5FeedForward FeedForward { get; init; }

    /// <summary>Encoder: [B, T, H] to [B, T, H].</summary>
    public Tensor Encode(Tensor hidden, Tensor mask, DropoutContext dropout)
    {
        using var scope = NewDisposeScope();
        var flat = hidden.view(-1, hidden.size(2));
        var normed = Self.Normed(flat);
        var (keys, values) = Self.KeysOf(normed, hidden.size(0), dropout);
        var attended = Self.Attend(flat, normed, keys, values, mask, dropout);
        return FeedForward.Forward(attended, dropout).view(hidden.shape).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Encoder, one position of each text, given as indices into the flattened batch: [B, T, H] to [B, H]. Keys and
    /// values are computed everywhere, all else only there.
    /// </summary>
    public Tensor EncodeAt(Tensor hidden, Tensor rows, Tensor mask, DropoutContext dropout)
    {
        using var scope = NewDisposeScope();
        var flat = hidden.view(-1, hidden.size(2));
        var normed = Self.Normed(flat);
        var (keys, values) = Self.KeysOf(normed, hidden.size(0), dropout);
        var attended = Self.Attend(
            flat.index_select(0, rows), normed.index_select(0, rows), keys, values, mask, dropout);
        return FeedForward.Forward(attended, dropout).MoveToOuterDisposeScope();
    }

    /// <summary>Decoder: [B, U, H] to [B, U, H].</summary>
    /// <param name="hidden">Of the tokens that are written.</param>
    /// <param name="mask">Additive, [B or 1, N, U, columns]: order and position bias.</param>
    /// <param name="join">Puts earlier keys and values before those of these tokens.</param>
    /// <param name="source">Keys and values of what was read, [B, T, N, D].</param>
    /// <param name="sourceMask">Additive, of what was read; null for no padding.</param>
    /// <param name="dropout">Dropout of this micro-step.</param>
    public Tensor Decode(
        Tensor hidden,
        Tensor mask,
        Func<Tensor, Tensor, (Tensor Keys, Tensor Values)> join,
        (Tensor Keys, Tensor Values) source,
        Tensor? sourceMask,
        DropoutContext dropout)
    {
        using var scope = NewDisposeScope();
        var flat = hidden.view(-1, hidden.size(2));
        var normed = Self.Normed(flat);
        var (keys, values) = Self.KeysOf(normed, hidden.size(0), dropout);
        (keys, values) = join(keys, values);
        flat = Self.Attend(flat, normed, keys, values, mask, dropout);
        flat = Cross!.Attend(flat, Cross.Normed(flat), source.Keys, source.Values, sourceMask, dropout);
        return FeedForward.Forward(flat, dropout).view(hidden.shape).MoveToOuterDisposeScope();
    }
}
