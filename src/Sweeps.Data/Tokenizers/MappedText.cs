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

    /// <summary>Unicode normalisation form C; what changes is traced back to its grapheme.</summary>
    public MappedText Compose()
    {
        string composed = UnicodeSupport.Normalize(Text, NormalizationForm.FormC);
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
            string normal = UnicodeSupport.Normalize(element, NormalizationForm.FormC);
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
