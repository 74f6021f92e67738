using System.Globalization;
using System.Text;

namespace Sweeps.Data.Tokenizers;

/// <summary>One id a word (Hugging Face WordLevel after the Whitespace pre-tokenizer: runs of word characters, runs of others).</summary>
internal sealed class WordLevelTokenizer(Vocabulary vocabulary, AddedTokens added, SpecialIds special, bool splitPunctuation)
    : TokenizerBase(vocabulary, added, special)
{
    protected override void TokenizePiece(string piece, int offset, List<Token> tokens)
    {
        int start = 0;
        Kind kind = Kind.Space;
        for (int i = 0; i <= piece.Length;)
        {
            (Kind next, int length) = i == piece.Length ? (Kind.End, 1) : Classify(piece, i);
            if (next != kind)
            {
                if (kind != Kind.Space)
                {
                    // A file without an unknown token drops unknown words in Hugging Face too.
                    if ((Words.IdOf(piece.AsSpan(start, i - start)) ?? UnkId) is { } id)
                    {
                        tokens.Add(new Token(id, offset + start, offset + i));
                    }
                }

                (start, kind) = (i, next);
            }

            i += length;
        }
    }

    protected override void DecodeTokens(List<string> tokens, StringBuilder text) => text.AppendJoin(' ', tokens);

    private (Kind Kind, int Length) Classify(string text, int at)
    {
        if (!Rune.TryGetRuneAt(text, at, out Rune rune))
        {
            return (splitPunctuation ? Kind.Other : Kind.Word, 1);
        }

        Kind kind = Rune.IsWhiteSpace(rune) ? Kind.Space : !splitPunctuation || IsWord(rune) ? Kind.Word : Kind.Other;
        return (kind, rune.Utf16SequenceLength);
    }

    // \w of the Rust regex: letters, marks, decimal and letter numbers, connectors, joiners.
    private static bool IsWord(Rune rune) => rune.Value is 0x200C or 0x200D || Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark => true,
        UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.ConnectorPunctuation => true,
        _ => Rune.IsLetter(rune),
    };

    private enum Kind
    {
        Space,
        Word,
        Other,
        End,
    }
}
