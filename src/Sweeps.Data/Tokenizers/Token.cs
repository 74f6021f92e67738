namespace Sweeps.Data.Tokenizers;

/// <summary>A token and the part of the text it came from.</summary>
/// <param name="Id">The token id.</param>
/// <param name="Start">The first UTF-16 unit of the original text.</param>
/// <param name="End">The unit after the last; equal to <paramref name="Start"/> when nothing remains of it alone.</param>
public readonly record struct Token(int Id, int Start, int End)
{
    /// <summary>The same tokens with places counted in Unicode code points, as Hugging Face's Python gives them.</summary>
    /// <param name="text">The text that they are tokens of.</param>
    /// <param name="tokens">Tokens with places in UTF-16 units, each of them between two code points.</param>
    public static IReadOnlyList<Token> InCodePoints(string text, IReadOnlyList<Token> tokens)
    {
        int[] points = new int[text.Length + 1];
        for (int unit = 0, point = 0; unit < text.Length; unit++, point++)
        {
            points[unit] = point;
            if (char.IsHighSurrogate(text[unit]) && unit + 1 < text.Length && char.IsLowSurrogate(text[unit + 1]))
            {
                points[++unit] = point;
            }

            points[unit + 1] = point + 1;
        }

        return [.. tokens.Select(token => token with { Start = points[token.Start], End = points[token.End] })];
    }
}

/// <summary>Unknown tokens among all tokens.</summary>
/// <param name="Unknown">Tokens that the vocabulary does not know.</param>
/// <param name="All">All tokens.</param>
public readonly record struct UnknownCount(long Unknown, long All);
