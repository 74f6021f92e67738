namespace Sweeps.Data.Tokenizers.SentencePiece;

/// <summary>
/// Finds the likeliest way to cut a text into pieces (Viterbi), as SentencePiece's optimised encoder and Hugging Face's
/// Unigram do: from left to right, shorter pieces first; of equally likely ways the one found first stays.
/// </summary>
internal sealed class UnigramSearch
{
    private const double UnknownPenalty = 10;

    private readonly PieceTrie _trie;
    private readonly double[] _scores;
    private readonly int _unknownId;
    private readonly double _unknownScore;
    private readonly bool _single;

    /// <param name="trie">The pieces that a text can be cut into.</param>
    /// <param name="scores">The log-probability of each by id.</param>
    /// <param name="unknownId">The unknown piece.</param>
    /// <param name="lowest">The least score of a normal piece; an unknown character has 10 less.</param>
    /// <param name="singlePrecision">Whether sums are rounded to 32 bits after each piece, as SentencePiece does; Hugging
    /// Face keeps 64. It decides between ways that are all but equally likely.</param>
    public UnigramSearch(PieceTrie trie, double[] scores, int unknownId, double lowest, bool singlePrecision)
    {
        (_trie, _scores, _unknownId, _single) = (trie, scores, unknownId, singlePrecision);
        _unknownScore = Round(lowest - UnknownPenalty);
    }

    /// <summary>Cuts a text; unknown characters come one by one.</summary>
    /// <param name="text">Well-formed UTF-16.</param>
    /// <param name="result">Gets the stretches, in order, that cover it.</param>
    public void Cut(ReadOnlySpan<char> text, List<Stretch> result)
    {
        (double Score, int Start, int Id)[] best = new (double, int, int)[text.Length + 1];
        best.AsSpan().Fill((0, -1, -1));
        for (int start = 0; start < text.Length;)
        {
            double before = best[start].Score;
            int character = char.IsHighSurrogate(text[start]) && start + 1 < text.Length ? 2 : 1;
            bool single = false;
            int node = PieceTrie.Root;
            for (int end = start; end < text.Length;)
            {
                node = _trie.Step(node, text[end++]);
                if (node < 0)
                {
                    break;
                }

                int id = _trie.IdAt(node);
                if (id >= 0)
                {
                    Offer(best, end, _scores[id] + before, start, id);
                    single |= end - start == character;
                }
            }

            if (!single)
            {
                Offer(best, start + character, Round(_unknownScore + before), start, _unknownId);
            }

            start += character;
        }

        int first = result.Count;
        for (int end = text.Length; end > 0; end = best[end].Start)
        {
            result.Add(new Stretch(best[end].Id, best[end].Start, end));
        }

        result.Reverse(first, result.Count - first);
    }

    private void Offer((double Score, int Start, int Id)[] best, int end, double score, int start, int id)
    {
        ref (double Score, int Start, int Id) target = ref best[end];
        if (target.Start < 0 || score > target.Score)
        {
            target = (Round(score), start, id);
        }
    }

    private double Round(double score) => _single ? (float)score : score;
}
