using Sweeps.Models.Generation;
using Sweeps.Models.Ops;
using static TorchSharp.torch;

namespace Sweeps.Models.Heads;

/// <summary>
/// Writes a label as text after the prompt. Decides by greedy decoding, constrained to the labels' tokens or free; a score
/// of a label is the log-probability of its text among those of all labels. Every label ends with the end token, so that
/// one may begin another. For decoders and encoder-decoders; has no weights of its own.
/// </summary>
public sealed class GenerateHead : ClassifierHead
{
    private readonly LabelTrie trie;
    private readonly int[] owners;
    private readonly int[] firsts;
    private readonly bool constrained;

    /// <summary>Makes the head.</summary>
    /// <param name="model">A decoder or encoder-decoder.</param>
    /// <param name="texts">Tokens of the texts of each label, the one to learn first, without the end token.</param>
    /// <param name="endToken">Ends every label.</param>
    /// <param name="names">What labels are called in messages.</param>
    /// <param name="constrained">Whether nothing but labels may be written.</param>
    /// <exception cref="ArgumentException">
    /// Fewer than two labels, one without tokens, two texts of equal tokens, ids outside the vocabulary, or an encoder.
    /// </exception>
    public GenerateHead(
        Transformer model,
        IReadOnlyList<IReadOnlyList<IReadOnlyList<long>>> texts,
        long endToken,
        IReadOnlyList<string> names,
        bool constrained = true)
    {
        if (!model.IsDecoder && model is not EncoderDecoder)
        {
            throw new ArgumentException($"head generate needs a model that writes; {model.ModelType} is an encoder: use head linear");
        }

        if (texts.Count < 2 || texts.Any(label => label.Count == 0))
        {
            throw new ArgumentException("head generate needs two or more labels, each with a text");
        }

        var all = texts.SelectMany((label, index) => label.Select(tokens => (Tokens: tokens, Label: index))).ToList();
        if (all.SelectMany(text => text.Tokens).Append(endToken).Any(token => token < 0 || token >= model.VocabularySize))
        {
            throw new ArgumentException($"head generate: a label has tokens outside the {model.VocabularySize} of the model: its tokenizer belongs to another base");
        }

        trie = new LabelTrie([.. all.Select(text => text.Tokens)], endToken, [.. all.Select(text => names[text.Label])]);
        owners = [.. all.Select(text => text.Label)];
        firsts = [.. Enumerable.Range(0, texts.Count).Select(label => Array.IndexOf(owners, label))];
        LabelCount = texts.Count;
        this.constrained = constrained;
    }

    /// <inheritdoc />
    public override bool ReadsNextToken => true;

    /// <inheritdoc />
    public override int LabelCount { get; }

    /// <summary>Whether nothing but labels may be written.</summary>
    public bool IsConstrained => constrained;

    /// <summary>Tokens that a text of a label is learnt by, the end token included.</summary>
    public IReadOnlyList<long> Answer(int label) => trie.Tokens(firsts[label]);

    /// <summary>Tokens of the longest label, the end token included.</summary>
    public int LongestAnswer => Enumerable.Range(0, owners.Length).Max(text => trie.Tokens(text).Count);

    /// <inheritdoc />
    /// <exception cref="NotSupportedException">Always: labels are written, not read at a position.</exception>
    public override long[] Positions(Transformer model, TokenBatch batch) =>
        throw new NotSupportedException("the head generate writes labels: it reads no single position");

    /// <summary>Log-probability of each label's text, of all its texts together: [B, C]. Exponentials add up to 1.</summary>
    /// <param name="model">The model.</param>
    /// <param name="batch">The prompts.</param>
    /// <param name="dropout">Not used: labels are scored without gradients.</param>
    public override Tensor Scores(Transformer model, TokenBatch batch, DropoutContext dropout)
    {
        var scores = LabelScorer.Score(model, batch, trie, constrained: true);
        return owners.Length == LabelCount ? scores : JoinTexts(scores, owners, LabelCount);
    }

    /// <inheritdoc />
    public override int[] Decide(Transformer model, TokenBatch batch) => Decide(model, batch, constrained);

    /// <summary>As the other overload, constrained or not as asked; a free text that is no label gives -1.</summary>
    public int[] Decide(Transformer model, TokenBatch batch, bool constrained)
    {
        if (!constrained)
        {
            var options = new GenerationOptions { MaxNewTokens = LongestAnswer, EndTokens = [trie.EndToken], PadToken = trie.EndToken };
            return [.. GreedyGeneration.Run(model, batch, options)
                .Select(text => text.Finished && trie.LabelOf(text.Tokens) is { } written ? owners[written] : -1)];
        }

        if (owners.Length > LabelCount)
        {
            using var scope = NewDisposeScope();
            return [.. Scores(model, batch, DropoutContext.None).argmax(1).data<long>().ToArray().Select(label => (int)label)];
        }

        return LabelScorer.Choose(model, batch, trie);
    }

    /// <summary>Scores of texts [B, n] to those of labels [B, C]: probabilities of a label's texts add up.</summary>
    internal static Tensor JoinTexts(Tensor scores, int[] owners, int labels) => cat(
        [.. Enumerable.Range(0, labels).Select(label =>
        {
            var own = Enumerable.Range(0, owners.Length).Where(text => owners[text] == label).Select(text => (long)text).ToArray();
            return scores.index_select(1, tensor(own).to(scores.device)).logsumexp(1, keepdim: true);
        })],
        1);

    /// <inheritdoc />
    protected override Tensor Score(Transformer model, Tensor rows, DropoutContext dropout) =>
        throw new NotSupportedException("the head generate writes labels: it has no scores at a position");
}
