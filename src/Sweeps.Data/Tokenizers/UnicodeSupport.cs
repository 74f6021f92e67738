using System.Text;

namespace Sweeps.Data.Tokenizers;

/// <summary>Refuses to tokenise where .NET runs without Unicode data: normalisation would silently do nothing.</summary>
internal static class UnicodeSupport
{
    private static readonly Lazy<string?> Problem = new(static () => Find(static (text, form) => text.Normalize(form)));

    /// <exception cref="DataException">Unicode normalisation is off in this process.</exception>
    public static void Require()
    {
        if (Problem.Value is { } problem)
        {
            throw new DataException(
                null,
                null,
                problem,
                "Install ICU (Debian: apt-get install libicu72, Alpine: apk add icu-libs) and unset DOTNET_SYSTEM_GLOBALIZATION_INVARIANT");
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

    /// <summary>What is wrong with a normaliser, or null.</summary>
    internal static string? Find(Func<string, NormalizationForm, string> normalise)
    {
        const string Off = "Unicode normalisation is off in this process (no ICU, or InvariantGlobalization), so texts would be tokenised wrongly";
        try
        {
            bool works = normalise("\u00E9", NormalizationForm.FormD) == "e\u0301" && normalise("A\u030A", NormalizationForm.FormC) == "\u00C5";
            return works ? null : Off;
        }
        catch (PlatformNotSupportedException)
        {
            return Off;
        }
    }
}
