using System.Text;
using Microsoft.ML.Tokenizers;

namespace Sweeps.Data.Tokenizers;

/// <summary>
/// BERT's WordPiece: words by <see cref="BertNormalizer"/>, their pieces by Microsoft.ML.Tokenizers' WordPieceTokenizer.
/// </summary>
internal sealed class BertWordPieceTokenizer : TokenizerBase
{
    private const string Continuation = "##";

    private readonly WordPieceTokenizer _pieces;
    private readonly BertNormalizer _normalizer;
    private readonly int _maxWordLength;
    private readonly int _unknown;
    private readonly bool _cleanup;
    private readonly WordCache<Stretch[]> _chunks = new();

    /// <param name="vocabulary">All tokens.</param>
    /// <param name="modelTokens">The model's tokens by id, as vocab.txt holds them.</param>
    /// <param name="added">Added tokens.</param>
    /// <param name="special">Special ids; the unknown one must be there.</param>
    /// <param name="normalizer">What happens to the text.</param>
    /// <param name="maxWordLength">Longer words (in code points) are unknown. BERT: 100.</param>
    /// <param name="cleanup">Whether decoding joins punctuation and contractions.</param>
    public BertWordPieceTokenizer(
        Vocabulary vocabulary,
        IReadOnlyList<string> modelTokens,
        AddedTokens added,
        SpecialIds special,
        BertNormalizer normalizer,
        int maxWordLength,
        bool cleanup)
        : base(vocabulary, added, special)
    {
        _normalizer = normalizer;
        _maxWordLength = maxWordLength;
        _cleanup = cleanup;
        _unknown = special.Unk!.Value;
        using MemoryStream stream = new(Encoding.UTF8.GetBytes(string.Join('\n', modelTokens) + "\n"));
        _pieces = WordPieceTokenizer.Create(stream, new WordPieceOptions
        {
            // Counted in UTF-16 units there; the limit in code points is kept here.
            MaxInputCharsPerWord = 2 * maxWordLength,
            ContinuingSubwordPrefix = Continuation,
            UnknownToken = vocabulary.TokenOf(_unknown)!,
        });
    }

    protected override void TokenizePiece(string piece, int offset, List<Token> tokens)
    {
        // A space parts words whatever else stands there.
        ReadOnlySpan<char> text = piece;
        for (int start = 0; start < text.Length;)
        {
            int length = text[start..].IndexOf(' ');
            length = length < 0 ? text.Length - start : length;
            foreach (Stretch part in length == 0 ? [] : Chunk(text.Slice(start, length)))
            {
                tokens.Add(new Token(part.Id, offset + start + part.Start, offset + start + part.End));
            }

            start += length + 1;
        }
    }

    protected override void DecodeTokens(List<string> tokens, StringBuilder text)
    {
        for (int i = 0; i < tokens.Count; i++)
        {
            string token = tokens[i];
            if (i > 0)
            {
                token = token.StartsWith(Continuation, StringComparison.Ordinal) ? token[Continuation.Length..] : " " + token;
            }

            text.Append(_cleanup ? Clean(token) : token);
        }
    }

    /// <summary>The tokens between two spaces.</summary>
    private Stretch[] Chunk(ReadOnlySpan<char> text)
    {
        if (_chunks.Find(text) is { } known)
        {
            return known;
        }

        List<Stretch> stretches = [];
        foreach (BertNormalizer.Word word in _normalizer.Words(text.ToString()))
        {
            if (word.Text.EnumerateRunes().Count() > _maxWordLength)
            {
                stretches.Add(new Stretch(_unknown, word.Origins[0].Start, word.Origins[^1].End));
                continue;
            }

            foreach (EncodedToken part in _pieces.EncodeToTokens(word.Text, out _, considerPreTokenization: false, considerNormalization: false))
            {
                // An unknown word is one token, whatever its offset says.
                (int first, int last) = part.Id == _unknown
                    ? (0, word.Origins.Length - 1)
                    : (part.Offset.Start.Value, part.Offset.End.Value - 1);
                stretches.Add(new Stretch(part.Id, word.Origins[first].Start, word.Origins[last].End));
            }
        }

        Stretch[] parts = [.. stretches];
        _chunks.Add(text, parts);
        return parts;
    }

    private static string Clean(string token) => token
        .Replace(" .", ".", StringComparison.Ordinal)
        .Replace(" ?", "?", StringComparison.Ordinal)
        .Replace(" !", "!", StringComparison.Ordinal)
        .Replace(" ,", ",", StringComparison.Ordinal)
        .Replace(" ' ", "'", StringComparison.Ordinal)
        .Replace(" n't", "n't", StringComparison.Ordinal)
        .Replace(" 'm", "'m", StringComparison.Ordinal)
        .Replace(" do not", " don't", StringComparison.Ordinal)
        .Replace(" 's", "'s", StringComparison.Ordinal)
        .Replace(" 've", "'ve", StringComparison.Ordinal)
        .Replace(" 're", "'re", StringComparison.Ordinal);
}
