using Sweeps.Models.Ops;
using static TorchSharp.torch;

namespace Sweeps.Models.Heads;

/// <summary>Which tokens compete in the loss of a <see cref="LabelTokensHead"/>.</summary>
public enum LabelLoss
{
    /// <summary>Only the labels' tokens.</summary>
    Constrained,

    /// <summary>The whole vocabulary.</summary>
    FullVocabulary,
}

/// <summary>
/// Reads a label as the next token after the prompt: the model's own vocabulary projection at the last attended token,
/// restricted to one token per label. For decoders; has no weights of its own.
/// </summary>
public sealed class LabelTokensHead : ClassifierHead
{
    private readonly long[] labelTokens;
    private readonly LabelLoss loss;

    /// <summary>Makes the head.</summary>
    /// <param name="model">A decoder.</param>
    /// <param name="labelTokens">One token id per label; they differ.</param>
    /// <param name="loss">Default: the labels' tokens only.</param>
    /// <exception cref="ArgumentException">Fewer than two labels, equal tokens, ids outside the vocabulary, or an encoder.</exception>
    public LabelTokensHead(Transformer model, IReadOnlyList<long> labelTokens, LabelLoss loss = LabelLoss.Constrained)
    {
        if (!model.IsDecoder)
        {
            throw new ArgumentException($"head label-tokens needs a decoder; {model.ModelType} is an encoder: use head linear");
        }

        if (labelTokens.Count < 2 || labelTokens.Distinct().Count() != labelTokens.Count
            || labelTokens.Any(token => token < 0 || token >= model.VocabularySize))
        {
            throw new ArgumentException(
                $"head label-tokens needs two or more different token ids below {model.VocabularySize}, one per label; "
                + $"found {string.Join(", ", labelTokens)}. Labels that share their first token need other label words");
        }

        this.labelTokens = [.. labelTokens];
        this.loss = loss;
    }

    /// <inheritdoc />
    public override int LabelCount => labelTokens.Length;

    /// <inheritdoc />
    public override long[] Positions(Transformer model, TokenBatch batch) => batch.LastAttended();

    /// <inheritdoc />
    public override Tensor Loss(
        Transformer model, Tensor hidden, TokenBatch batch, long[] labels, DropoutContext dropout, double? divisor = null) =>
        loss == LabelLoss.Constrained
            ? base.Loss(model, hidden, batch, labels, dropout, divisor)
            : Objective.Sum(
                    Wide(model.Logits(RowsOf(model, hidden, batch))),
                    Array.ConvertAll(labels, label => labelTokens[label]),
                    labels)
                .div(divisor ?? Weight(labels));

    /// <inheritdoc />
    protected override Tensor Score(Transformer model, Tensor rows, DropoutContext dropout)
    {
        using var tokens = tensor(labelTokens).to(rows.device);
        return nn.functional.linear(rows, model.RequireOutput().Value.index_select(0, tokens));
    }
}
