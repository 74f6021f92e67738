using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Sweeps.Data.Tokenizers;

/// <summary>Cuts a text into the words that merges stay within.</summary>
internal abstract class WordSplitter
{
    /// <summary>The ends of the words, ascending; the last is the text's length.</summary>
    public abstract List<int> Ends(string text);

    /// <summary>The whole text is one word.</summary>
    public static WordSplitter None { get; } = new Whole();

    /// <summary>Cuts after each occurrence (Split, MergedWithPrevious).</summary>
    public static WordSplitter After(string pattern) => new AfterEach(pattern);

    /// <summary>
    /// Cuts the words of another splitter before each mark too, but not within a run of marks nor behind a character of
    /// <paramref name="joined"/>. Merges do not notice where none of them has such a mark in the midst of what it makes.
    /// </summary>
    public static WordSplitter BeforeMarks(WordSplitter words, char mark, IReadOnlySet<char> joined) => new BeforeEach(words, mark, joined);

    /// <summary>Each match is a word, so is what lies between (Split, Isolated).</summary>
    /// <exception cref="DataException">The pattern is not one that .NET can run.</exception>
    public static WordSplitter Matches(string pattern, string file) => new ByRegex(pattern, file);

    private sealed class Whole : WordSplitter
    {
        public override List<int> Ends(string text) => [text.Length];
    }

    private sealed class AfterEach(string pattern) : WordSplitter
    {
        public override List<int> Ends(string text)
        {
            List<int> ends = [];
            int at = text.IndexOf(pattern, StringComparison.Ordinal);
            while (at >= 0)
            {
                ends.Add(at + pattern.Length);
                at = text.IndexOf(pattern, at + pattern.Length, StringComparison.Ordinal);
            }

            if (ends.Count == 0 || ends[^1] != text.Length)
            {
                ends.Add(text.Length);
            }

            return ends;
        }
    }

    private sealed class BeforeEach(WordSplitter words, char mark, IReadOnlySet<char> joined) : WordSplitter
    {
        public override List<int> Ends(string text)
        {
            List<int> ends = [];
            int start = 0;
            foreach (int end in words.Ends(text))
            {
                for (int i = start + 1; i < end; i++)
                {
                    int skip = text.AsSpan(i, end - i).IndexOf(mark);
                    if (skip < 0)
                    {
                        break;
                    }

                    i += skip;
                    if (text[i - 1] != mark && !joined.Contains(text[i - 1]))
                    {
                        ends.Add(i);
                    }
                }

                ends.Add(end);
                start = end;
            }

            return ends;
        }
    }

    private sealed class ByRegex : WordSplitter
    {
        // A letter, a digit and a symbol that no pattern names by itself.
        private const char Letter = '\u4E00';
        private const char Digit = '\u0660';
        private const char Symbol = '\u2600';

        private readonly Regex _regex;
        private readonly string _file;

        public ByRegex(string pattern, string file)
        {
            _file = file;
            try
            {
                // Unicode folds the long s to s, .NET does not.
                string folded = pattern.Replace("(?i:'s|", "(?i:'[s\u017F]|", StringComparison.Ordinal);
                _regex = new Regex(folded, RegexOptions.CultureInvariant | RegexOptions.Compiled, TimeSpan.FromSeconds(10));
            }
            catch (ArgumentException e)
            {
                throw new DataException(file, null, $"the pre-tokenizer's pattern cannot be run here: {e.Message.TrimEnd('.')}", "Supported are the patterns of Qwen3, Llama 3 and GPT-2", e);
            }
        }

        public override List<int> Ends(string text)
        {
            string units = StandIns(text, out int[]? places);
            List<int> ends = [];
            int last = 0;
            try
            {
                foreach (ValueMatch match in _regex.EnumerateMatches(units))
                {
                    if (match.Index > last)
                    {
                        ends.Add(match.Index);
                    }

                    last = match.Index + match.Length;
                    if (match.Length > 0)
                    {
                        ends.Add(last);
                    }
                }
            }
            catch (RegexMatchTimeoutException e)
            {
                throw new DataException(_file, null, "the pre-tokenizer's pattern takes more than 10 s for one text", "Shorten the text, or take the tokenizer file from the model's source again", e);
            }

            if (last < units.Length)
            {
                ends.Add(units.Length);
            }

            if (places is not null)
            {
                for (int i = 0; i < ends.Count; i++)
                {
                    ends[i] = places[ends[i]];
                }
            }

            return ends;
        }

        /// <summary>
        /// .NET matches UTF-16 units, so \p{L} does not see a letter beyond U+FFFF. Such characters are matched as one unit
        /// of their kind; <paramref name="places"/> leads back.
        /// </summary>
        private static string StandIns(string text, out int[]? places)
        {
            places = null;
            if (!text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF'))
            {
                return text;
            }

            StringBuilder units = new(text.Length);
            List<int> starts = new(text.Length + 1);
            for (int i = 0; i < text.Length;)
            {
                starts.Add(i);
                if (Rune.TryGetRuneAt(text, i, out Rune rune) && !rune.IsBmp)
                {
                    units.Append(Rune.IsLetter(rune) ? Letter : IsNumber(rune) ? Digit : Symbol);
                    i += 2;
                }
                else
                {
                    units.Append(char.IsSurrogate(text[i]) ? Symbol : text[i]);
                    i++;
                }
            }

            starts.Add(text.Length);
            places = [.. starts];
            return units.ToString();
        }

        private static bool IsNumber(Rune rune) => Rune.GetUnicodeCategory(rune)
            is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber;
    }
}
