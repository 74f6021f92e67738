using System.Text;
using Sweeps.Core.Unicode;

namespace Sweeps.Data.Tokenizers;

/// <summary>Refuses to tokenise where .NET runs without Unicode data: normalisation would silently do nothing.</summary>
internal static class UnicodeSupport
{
    /// <exception cref="DataException">Unicode normalisation is off in this process.</exception>
    public static void Require()
    {
        if (UnicodeData.Problem is { } problem)
        {
            throw new DataException(null, null, problem, UnicodeData.Fix);
        }
    }

    /// <summary>
    /// Normalises any text. .NET refuses unpaired surrogates and noncharacters (U+FFFE...), which normalise to themselves
    /// and combine with nothing: they are left as they are and what lies between them is normalised.
    /// </summary>
    public static string Normalize(string text, NormalizationForm form)
    {
        try
        {
            return text.Normalize(form);
        }
        catch (ArgumentException)
        {
            StringBuilder result = new(text.Length);
            int start = 0;
            for (int i = 0; i < text.Length;)
            {
                bool whole = Rune.TryGetRuneAt(text, i, out Rune rune);
                int length = whole ? rune.Utf16SequenceLength : 1;
                if (!whole || (rune.Value & 0xFFFE) == 0xFFFE || rune.Value is >= 0xFDD0 and <= 0xFDEF)
                {
                    result.Append(text[start..i].Normalize(form)).Append(text, i, length);
                    start = i + length;
                }

                i += length;
            }

            return result.Append(text[start..].Normalize(form)).ToString();
        }
    }
}
