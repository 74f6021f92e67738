using System.Text;

namespace Sweeps.Core.Unicode;

/// <summary>
/// Whether this process has the Unicode data that texts are normalised with. Without them (no ICU, or globalisation
/// switched to invariant) .NET's normalisation silently does nothing, and texts would be tokenised, split and compared
/// wrongly: every process of the product refuses to start.
/// </summary>
public static class UnicodeData
{
    /// <summary>What to do about it.</summary>
    public const string Fix =
        "Install ICU (Debian: apt-get install libicu72, Alpine: apk add icu-libs) and unset DOTNET_SYSTEM_GLOBALIZATION_INVARIANT";

    private const string Off =
        "Unicode normalisation is off in this process (no ICU, or InvariantGlobalization), so texts would be tokenised wrongly";

    private static readonly Lazy<string?> Found = new(static () => Find(static (text, form) => text.Normalize(form)));

    /// <summary>What is wrong, one sentence without a final full stop; null when all is well.</summary>
    public static string? Problem => Found.Value;

    /// <summary>What is wrong with a normaliser, or null.</summary>
    internal static string? Find(Func<string, NormalizationForm, string> normalise)
    {
        try
        {
            var works = normalise("\u00E9", NormalizationForm.FormD) == "e\u0301" && normalise("A\u030A", NormalizationForm.FormC) == "\u00C5";
            return works ? null : Off;
        }
        catch (PlatformNotSupportedException)
        {
            return Off;
        }
    }
}
