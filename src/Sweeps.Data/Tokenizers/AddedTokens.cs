using System.Buffers;
using System.Collections.Frozen;

namespace Sweeps.Data.Tokenizers;

/// <summary>A token that is found in the text before anything else happens to it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Content">How it is written.</param>
/// <param name="Special">Whether it is left out when ids are decoded to a text.</param>
/// <param name="LeftStrip">Whether it takes the white space before it along.</param>
/// <param name="RightStrip">Whether it takes the white space after it along.</param>
/// <param name="SingleWord">Whether it counts only where no letter or digit touches it.</param>
internal sealed record AddedToken(int Id, string Content, bool Special, bool LeftStrip = false, bool RightStrip = false, bool SingleWord = false);

/// <summary>
/// Finds added tokens: leftmost first, of those the longest. Gemma 3 has thousands (runs of spaces, newlines, tags), so
/// candidates are looked up by length from the first character.
/// </summary>
internal sealed class AddedTokens
{
    private readonly FrozenDictionary<string, AddedToken> _byContent;
    private readonly FrozenDictionary<string, AddedToken>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private readonly FrozenDictionary<char, int[]> _lengths;
    private readonly SearchValues<char> _first;

    public AddedTokens(IEnumerable<AddedToken> tokens)
    {
        All = [.. tokens.Where(static token => token.Content.Length > 0)];
        // Where a file lists a token twice the last one counts, as in Hugging Face.
        _byContent = All.GroupBy(static token => token.Content).ToFrozenDictionary(static group => group.Key, static group => group.Last(), StringComparer.Ordinal);
        _lookup = _byContent.GetAlternateLookup<ReadOnlySpan<char>>();
        _lengths = All.GroupBy(static token => token.Content[0])
            .ToFrozenDictionary(static group => group.Key, static group => (int[])[.. group.Select(static token => token.Content.Length).Distinct().OrderDescending()]);
        _first = SearchValues.Create([.. _lengths.Keys]);
    }

    public IReadOnlyList<AddedToken> All { get; }

    public AddedToken? Find(string content) => _byContent.GetValueOrDefault(content);

    /// <summary>The first added token at or after <paramref name="from"/>, with the part of the text that it takes.</summary>
    public (AddedToken Token, int Start, int End)? Next(string text, int from)
    {
        for (int i = from; i < text.Length; i++)
        {
            int skip = text.AsSpan(i).IndexOfAny(_first);
            if (skip < 0)
            {
                break;
            }

            i += skip;
            foreach (int length in _lengths[text[i]])
            {
                if (i + length <= text.Length
                    && _lookup.TryGetValue(text.AsSpan(i, length), out AddedToken? token)
                    && (!token.SingleWord || StandsAlone(text, i, i + length)))
                {
                    return Strip(text, token, from, i, i + length);
                }
            }
        }

        return null;
    }

    private static (AddedToken Token, int Start, int End) Strip(string text, AddedToken token, int from, int start, int end)
    {
        while (token.LeftStrip && start > from && char.IsWhiteSpace(text[start - 1]))
        {
            start--;
        }

        while (token.RightStrip && end < text.Length && char.IsWhiteSpace(text[end]))
        {
            end++;
        }

        return (token, start, end);
    }

    private static bool StandsAlone(string text, int start, int end) =>
        (start == 0 || !char.IsLetterOrDigit(text[start - 1])) && (end == text.Length || !char.IsLetterOrDigit(text[end]));
}
