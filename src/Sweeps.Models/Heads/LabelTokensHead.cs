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
/// restricted to the labels' tokens. A label may have several: their probabilities add up. For decoders; has no weights of
/// its own.
/// </summary>
public sealed class LabelTokensHead : ClassifierHead
{
    private readonly long[] tokens;
    private readonly int[] owners;
    private readonly long[] firsts;
    private readonly LabelLoss loss;

    /// <summary>Makes the head for labels of one token each.</summary>
    /// <param name="model">A decoder.</param>
    /// <param name="labelTokens">One token id per label; they differ.</param>
    /// <param name="loss">Default: the labels' tokens only.</param>
    /// <exception cref="ArgumentException">Fewer than two labels, equal tokens, ids outside the vocabulary, or an encoder.</exception>
    public LabelTokensHead(Transformer model, IReadOnlyList<long> labelTokens, LabelLoss loss = LabelLoss.Constrained)
        : this(model, [.. labelTokens.Select(token => (IReadOnlyList<long>)[token])], loss)
    {
    }

    /// <summary>Makes the head.</summary>
    /// <param name="model">A decoder.</param>
    /// <param name="labelTokens">Token ids of each label; no two labels share one. The first is learnt under <see cref="LabelLoss.FullVocabulary"/>.</param>
    /// <param name="loss">Default: the labels' tokens only.</param>
    /// <exception cref="ArgumentException">Fewer than two labels, equal tokens, ids outside the vocabulary, or an encoder.</exception>
    public LabelTokensHead(Transformer model, IReadOnlyList<IReadOnlyList<long>> labelTokens, LabelLoss loss = LabelLoss.Constrained)
    {
        if (!model.IsDecoder)
        {
            throw new ArgumentException($"head label-tokens needs a decoder; {model.ModelType} is an encoder: use head linear");
        }

        var all = labelTokens.SelectMany((own, label) => own.Distinct().Select(token => (Token: token, Label: label))).ToList();
        if (labelTokens.Count < 2 || labelTokens.Any(own => own.Count == 0) || all.DistinctBy(pair => pair.Token).Count() != all.Count
            || all.Any(pair => pair.Token < 0 || pair.Token >= model.VocabularySize))
        {
            throw new ArgumentException(
                $"head label-tokens needs two or more labels with token ids below {model.VocabularySize} that differ between them; "
                + $"found {string.Join(", ", labelTokens.Select(own => string.Join(" or ", own)))}. Labels that share their first token need other label words");
        }

        tokens = [.. all.Select(pair => pair.Token)];
        owners = [.. all.Select(pair => pair.Label)];
        firsts = [.. labelTokens.Select(own => own[0])];
        this.loss = loss;
    }

    /// <inheritdoc />
    public override bool ReadsNextToken => true;

    /// <inheritdoc />
    public override int LabelCount => firsts.Length;

    /// <inheritdoc />
    public override long[] Positions(Transformer model, TokenBatch batch) => batch.LastAttended();

    /// <inheritdoc />
    public override Tensor Loss(
        Transformer model, Tensor hidden, TokenBatch batch, long[] labels, DropoutContext dropout, double? divisor = null) =>
        loss == LabelLoss.Constrained
            ? base.Loss(model, hidden, batch, labels, dropout, divisor)
            : Objective.Sum(
                    Wide(model.Logits(RowsOf(model, hidden, batch))),
                    Array.ConvertAll(labels, label => firsts[label]),
                    labels)
                .div(divisor ?? Weight(labels));

    /// <inheritdoc />
    protected override Tensor Score(Transformer model, Tensor rows, DropoutContext dropout)
    {
        using var index = tensor(tokens).to(rows.device);
        var scores = nn.functional.linear(rows, model.RequireOutput().Value.index_select(0, index));
        return tokens.Length == firsts.Length ? scores : GenerateHead.JoinTexts(Wide(scores), owners, firsts.Length);
    }
}
