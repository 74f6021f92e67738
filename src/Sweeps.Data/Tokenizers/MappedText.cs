using System.Globalization;
using System.Text;

namespace Sweeps.Data.Tokenizers;

/// <summary>A normalised text and, for each of its UTF-16 units, the part of the original that it comes from.</summary>
internal readonly struct MappedText
{
    private readonly (int Start, int End)[]? _origins;

    private MappedText(string text, (int, int)[]? origins)
    {
        Text = text;
        _origins = origins;
    }

    public string Text { get; }

    /// <summary>A text that stands for itself.</summary>
    public static MappedText Plain(string text) => new(text, null);

    /// <summary>The first unit of the original that a unit comes from.</summary>
    public int Start(int unit) => _origins is null ? unit : _origins[unit].Start;

    /// <summary>The unit of the original after the last that a unit comes from.</summary>
    public int End(int unit) => _origins is null ? unit + 1 : _origins[unit].End;

    /// <summary>Replaces each occurrence of a text by another.</summary>
    public MappedText Replace(string pattern, string content)
    {
        if (!Text.Contains(pattern, StringComparison.Ordinal))
        {
            return this;
        }

        if (pattern.Length == content.Length && pattern.Length == 1)
        {
            return new MappedText(Text.Replace(pattern[0], content[0]), _origins);
        }

        StringBuilder text = new(Text.Length);
        List<(int, int)> origins = new(Text.Length);
        for (int at = 0; at < Text.Length;)
        {
            if (string.CompareOrdinal(Text, at, pattern, 0, pattern.Length) == 0)
            {
                text.Append(content);
                origins.AddRange(Enumerable.Repeat((Start(at), End(at + pattern.Length - 1)), content.Length));
                at += pattern.Length;
            }
            else
            {
                origins.Add((Start(at), End(at)));
                text.Append(Text[at++]);
            }
        }

        return new MappedText(text.ToString(), [.. origins]);
    }

    /// <summary>The text with what <paramref name="replace"/> makes of each part that <paramref name="length"/> cuts.</summary>
    /// <param name="length">The length of the part that begins at a place, at least 1.</param>
    /// <param name="replace">What a part becomes; null when it stays.</param>
    public MappedText Map(Func<string, int, int> length, Func<string, string?> replace)
    {
        StringBuilder text = new(Text.Length);
        List<(int, int)> origins = new(Text.Length);
        for (int at = 0; at < Text.Length;)
        {
            int count = length(Text, at);
            string part = Text.Substring(at, count);
            string? other = replace(part);
            for (int i = 0; i < (other ?? part).Length; i++)
            {
                origins.Add(other is null ? (Start(at + i), End(at + i)) : (Start(at), End(at + count - 1)));
            }

            text.Append(other ?? part);
            at += count;
        }

        return new MappedText(text.ToString(), [.. origins]);
    }

    /// <summary>Lower case, character by character.</summary>
    public MappedText Lower() => Map(
        static (text, at) => char.IsHighSurrogate(text[at]) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]) ? 2 : 1,
        static part => part == "\u0130" ? "i\u0307" : part.ToLowerInvariant());

    /// <summary>Without the white space at its borders.</summary>
    public MappedText Strip(bool left, bool right)
    {
        int start = left ? Text.Length - Text.AsSpan().TrimStart().Length : 0;
        int end = right ? Text.AsSpan(start).TrimEnd().Length + start : Text.Length;
        if (start == 0 && end == Text.Length)
        {
            return this;
        }

        (int, int)[] origins = new (int, int)[end - start];
        for (int i = 0; i < origins.Length; i++)
        {
            origins[i] = (Start(start + i), End(start + i));
        }

        return new MappedText(Text[start..end], origins);
    }

    /// <summary>Each run of two spaces or more becomes a text.</summary>
    public MappedText CollapseSpaces(string content) => !Text.Contains("  ", StringComparison.Ordinal) ? this : Map(
        static (text, at) => text[at] == ' ' ? text.AsSpan(at).IndexOfAnyExcept(' ') is var run and >= 0 ? run : text.Length - at : 1,
        part => part.Length > 1 && part[0] == ' ' ? content : null);

    /// <summary>A Unicode normalisation form; what changes is traced back to its grapheme.</summary>
    public MappedText Normalize(NormalizationForm form)
    {
        string composed = UnicodeSupport.Normalize(Text, form);
        if (composed == Text)
        {
            return this;
        }

        StringBuilder text = new(composed.Length);
        List<(int, int)> origins = new(composed.Length);
        for (int at = 0; at < Text.Length;)
        {
            int length = StringInfo.GetNextTextElementLength(Text, at);
            string element = Text.Substring(at, length);
            string normal = UnicodeSupport.Normalize(element, form);
            for (int i = 0; i < normal.Length; i++)
            {
                origins.Add(normal == element ? (Start(at + i), End(at + i)) : (Start(at), End(at + length - 1)));
            }

            text.Append(normal);
            at += length;
        }

        // Should graphemes ever interact, the right ids matter more than the exact places.
        return text.ToString() == composed
            ? new MappedText(composed, [.. origins])
            : new MappedText(composed, [.. Enumerable.Repeat((Start(0), End(Text.Length - 1)), composed.Length)]);
    }
}
