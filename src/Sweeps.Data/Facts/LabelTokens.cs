using Sweeps.Data.Tokenizers;

namespace Sweeps.Data.Facts;

/// <summary>A label whose text cannot be told from its tokens.</summary>
/// <param name="Label">The label.</param>
/// <param name="Problem">What is wrong, one sentence without a final full stop.</param>
/// <param name="Fix">What to do about it.</param>
public sealed record LabelProblem(string Label, string Problem, string Fix);

/// <summary>The token sequences that stand for labels, where a model writes or scores the label's text.</summary>
public static class LabelTokens
{
    private const string Fix = "Give the label another text under label_texts";

    /// <summary>The tokens of every text of every label.</summary>
    /// <param name="tokenizer">The base model's.</param>
    /// <param name="texts">For each label its texts, one or several, as they follow the prompt (with the space in front, if any).</param>
    public static int[][][] Of(ITokenizer tokenizer, IReadOnlyList<IReadOnlyList<string>> texts) =>
        [.. texts.Select(own => own.Select(text => tokenizer.Encode(text, addSpecial: false)).ToArray())];

    /// <summary>
    /// What is wrong with labels as token sequences: one without tokens, one with unknown tokens, two labels with the same
    /// tokens. One that begins another is fine: every label ends with the end token.
    /// </summary>
    /// <param name="tokenizer">The base model's.</param>
    /// <param name="labels">The labels, in order.</param>
    /// <param name="texts">Their texts, see <see cref="Of"/>.</param>
    /// <returns>The problems, in the order of the labels; none when all is well.</returns>
    public static IReadOnlyList<LabelProblem> Problems(ITokenizer tokenizer, IReadOnlyList<string> labels, IReadOnlyList<IReadOnlyList<string>> texts)
    {
        List<LabelProblem> problems = [];
        Dictionary<string, (int Label, string Text)> owners = new(StringComparer.Ordinal);
        int[][][] tokens = Of(tokenizer, texts);
        for (int label = 0; label < labels.Count; label++)
        {
            if (texts[label].Count == 0)
            {
                problems.Add(new LabelProblem(labels[label], $"the label '{labels[label]}' has no text", Fix));
            }

            for (int i = 0; i < texts[label].Count; i++)
            {
                (string text, int[] ids) = (texts[label][i], tokens[label][i]);
                int unknown = tokenizer.UnkId is { } unk ? ids.Count(id => id == unk) : 0;
                if (ids.Length == 0)
                {
                    problems.Add(new LabelProblem(labels[label], $"the text '{text}' of the label '{labels[label]}' has no tokens under the base model's tokenizer", Fix));
                }
                else if (unknown > 0)
                {
                    problems.Add(new LabelProblem(labels[label], $"the base model's vocabulary does not know {unknown} of the {ids.Length} tokens of the text '{text}' of the label '{labels[label]}'", Fix));
                }
                else if (!owners.TryAdd(string.Join(' ', ids), (label, text)) && owners[string.Join(' ', ids)] is var (other, same))
                {
                    string tokensAs = string.Join(' ', ids.Select(tokenizer.TokenOf));
                    problems.Add(other == label
                        ? new LabelProblem(labels[label], $"the texts '{same}' and '{text}' of the label '{labels[label]}' give the same tokens ({tokensAs})", "Leave one of them out")
                        : new LabelProblem(labels[label], $"the labels '{labels[other]}' (text '{same}') and '{labels[label]}' (text '{text}') give the same tokens ({tokensAs})", "Give one of them another text under label_texts"));
                }
            }
        }

        return problems;
    }

    /// <summary>Refuses labels that have a problem.</summary>
    /// <exception cref="DataException">The first problem.</exception>
    public static void Check(ITokenizer tokenizer, IReadOnlyList<string> labels, IReadOnlyList<IReadOnlyList<string>> texts)
    {
        IReadOnlyList<LabelProblem> problems = Problems(tokenizer, labels, texts);
        if (problems.Count > 0)
        {
            string more = problems.Count > 1 ? $" (the first of {problems.Count} such problems)" : "";
            throw new DataException(null, null, problems[0].Problem + more, problems[0].Fix);
        }
    }
}
