using System.Globalization;
using System.Text;

namespace Sweeps.Data.Tokenizers;

/// <summary>
/// BERT's normalisation as Hugging Face does it (BertNormalizer): control characters out, white space to spaces, CJK
/// characters apart, accents out, lower case; and its words (BertPreTokenizer): split at spaces, punctuation alone.
/// </summary>
/// <remarks>
/// Done here and not by <c>BertTokenizer</c> 2.0.1, whose own normalisation keeps no way back to the original text and
/// differs on 205 of the 300 reference texts (179 with accents out): tabs and carriage returns, "_" and "$" within words,
/// format characters; it throws on noncharacters (U+FFFE).
/// </remarks>
internal sealed record BertNormalizer(bool CleanText, bool HandleChineseCharacters, bool StripAccents, bool Lowercase)
{
    /// <summary>A normalised word and where each of its UTF-16 units comes from.</summary>
    internal readonly record struct Word(string Text, (int Start, int End)[] Origins);

    /// <summary>The words of a piece of text.</summary>
    public IEnumerable<Word> Words(string piece)
    {
        StringBuilder word = new();
        List<(int, int)> origins = [];
        for (int i = 0; i < piece.Length;)
        {
            int length = Rune.TryGetRuneAt(piece, i, out Rune rune) ? rune.Utf16SequenceLength : 1;
            // An unpaired surrogate reads as the replacement character, which cleaning removes.
            rune = length == 1 && char.IsSurrogate(piece[i]) ? Rune.ReplacementChar : rune;
            foreach (Rune part in Normalize(rune))
            {
                bool space = Rune.IsWhiteSpace(part);
                bool alone = !space && (IsPunctuation(part) || (HandleChineseCharacters && IsChinese(part)));
                if ((space || alone) && word.Length > 0)
                {
                    yield return new Word(word.ToString(), [.. origins]);
                    word.Clear();
                    origins.Clear();
                }

                if (space)
                {
                    continue;
                }

                word.Append(part.ToString());
                for (int unit = 0; unit < part.Utf16SequenceLength; unit++)
                {
                    origins.Add((i, i + length));
                }

                if (alone)
                {
                    yield return new Word(word.ToString(), [.. origins]);
                    word.Clear();
                    origins.Clear();
                }
            }

            i += length;
        }

        if (word.Length > 0)
        {
            yield return new Word(word.ToString(), [.. origins]);
        }
    }

    private IEnumerable<Rune> Normalize(Rune rune)
    {
        if (CleanText && (rune.Value is 0 or 0xFFFD || IsControl(rune)))
        {
            yield break;
        }

        if (!StripAccents)
        {
            foreach (Rune lower in Lower(rune))
            {
                yield return lower;
            }

            yield break;
        }

        // The ideographs that decompose to others (U+F900...) are set apart before they do; what they become is set apart too.
        string decomposed = rune.IsAscii ? rune.ToString() : UnicodeSupport.Normalize(rune.ToString(), NormalizationForm.FormD);
        foreach (Rune part in decomposed.EnumerateRunes())
        {
            if (Rune.GetUnicodeCategory(part) != UnicodeCategory.NonSpacingMark)
            {
                foreach (Rune lower in Lower(part))
                {
                    yield return lower;
                }
            }
        }
    }

    private IEnumerable<Rune> Lower(Rune rune)
    {
        if (Lowercase && rune.Value == 0x130)
        {
            // The one character whose lower case is two.
            yield return new Rune('i');
            yield return new Rune('\u0307');
        }
        else
        {
            yield return Lowercase ? Rune.ToLowerInvariant(rune) : rune;
        }
    }

    private static bool IsControl(Rune rune) => rune.Value is not ('\t' or '\n' or '\r') && Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse;

    private static bool IsPunctuation(Rune rune) => rune.IsAscii
        ? char.IsPunctuation((char)rune.Value) || char.IsSymbol((char)rune.Value)
        : Rune.IsPunctuation(rune);

    private static bool IsChinese(Rune rune) => rune.Value is
        (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF) or (>= 0x20000 and <= 0x2A6DF) or (>= 0x2A700 and <= 0x2B73F)
        or (>= 0x2B740 and <= 0x2B81F) or (>= 0x2B920 and <= 0x2CEAF) or (>= 0xF900 and <= 0xFAFF) or (>= 0x2F800 and <= 0x2FA1F);
}
