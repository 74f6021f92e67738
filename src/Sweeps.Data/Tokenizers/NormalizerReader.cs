using System.Globalization;
using System.Text;
using System.Text.Json;
using Sweeps.Data.Tokenizers.SentencePiece;

namespace Sweeps.Data.Tokenizers;

/// <summary>Reads the steps that turn a text into what is cut, from the normalizer of tokenizer.json.</summary>
internal static class NormalizerReader
{
    /// <exception cref="DataException">A step is not supported.</exception>
    public static IReadOnlyList<Func<MappedText, MappedText>> Read(JsonReading json, JsonElement? element)
    {
        List<Func<MappedText, MappedText>> steps = [];
        if (element is { } normalizer)
        {
            Add(json, normalizer, steps);
        }

        return steps;
    }

    private static void Add(JsonReading json, JsonElement normalizer, List<Func<MappedText, MappedText>> steps)
    {
        switch (json.Text(normalizer, "type"))
        {
            case "NFC":
                steps.Add(static text => text.Normalize(NormalizationForm.FormC));
                break;
            case "NFKC":
                steps.Add(static text => text.Normalize(NormalizationForm.FormKC));
                break;
            case "Lowercase":
                steps.Add(static text => text.Lower());
                break;
            case "Strip":
                (bool left, bool right) = (json.Flag(normalizer, "strip_left", true), json.Flag(normalizer, "strip_right", true));
                steps.Add(text => text.Strip(left, right));
                break;
            case "Replace":
                steps.Add(Replace(json, normalizer));
                break;
            case "Precompiled":
                if (Rules(json, normalizer) is { } rules)
                {
                    steps.Add(text => Apply(rules, text));
                }

                break;
            case "Sequence":
                foreach (JsonElement inner in json.Array(normalizer, "normalizers").EnumerateArray())
                {
                    Add(json, inner, steps);
                }

                break;
            case var other:
                throw json.Unsupported($"the normalizer '{other}'");
        }
    }

    private static Func<MappedText, MappedText> Replace(JsonReading json, JsonElement normalizer)
    {
        JsonElement pattern = json.Object(normalizer, "pattern");
        string content = json.Text(normalizer, "content");
        return (json.OptionalText(pattern, "String"), json.OptionalText(pattern, "Regex")) switch
        {
            ({ Length: > 0 } text, null) => mapped => mapped.Replace(text, content),
            (null, " {2,}") => mapped => mapped.CollapseSpaces(content),
            (null, { } regex) => throw json.Unsupported($"a normalizer that replaces the pattern '{regex}'"),
            _ => throw json.Wrong("normalizer.pattern", "a text"),
        };
    }

    private static CharsMap? Rules(JsonReading json, JsonElement normalizer)
    {
        string text = json.OptionalText(normalizer, "precompiled_charsmap") ?? "";
        try
        {
            return CharsMap.Parse(Convert.FromBase64String(text));
        }
        catch (Exception e) when (e is FormatException or InvalidDataException)
        {
            throw json.Wrong("normalizer.precompiled_charsmap", "a list of compiled rules in base64");
        }
    }

    /// <summary>
    /// As Hugging Face applies them, not as SentencePiece does: to a whole grapheme of less than six bytes if a rule
    /// begins it (the shortest such rule replaces all of it), else character by character.
    /// </summary>
    private static MappedText Apply(CharsMap rules, MappedText text)
    {
        // Most texts are plain ASCII that no rule touches.
        bool plain = true;
        foreach (char c in text.Text)
        {
            plain &= c < 128 && rules.TryAscii(c, out string same) && same.Length == 1 && same[0] == c;
        }

        return plain ? text : text.Map(
            static (all, at) => StringInfo.GetNextTextElementLength(all, at),
            grapheme => ByGrapheme(rules, grapheme));
    }

    private static string? ByGrapheme(CharsMap rules, string grapheme)
    {
        if (Encoding.UTF8.GetByteCount(grapheme) < 6 && rules.Shortest(grapheme) is { } whole)
        {
            return whole;
        }

        StringBuilder? changed = null;
        for (int at = 0; at < grapheme.Length;)
        {
            int length = Rune.TryGetRuneAt(grapheme, at, out Rune rune) ? rune.Utf16SequenceLength : 1;
            ReadOnlySpan<char> part = grapheme.AsSpan(at, length);
            if (rules.Shortest(part) is { } other)
            {
                changed ??= new StringBuilder().Append(grapheme, 0, at);
                changed.Append(other);
            }
            else
            {
                changed?.Append(part);
            }

            at += length;
        }

        return changed?.ToString();
    }
}
