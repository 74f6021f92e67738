using System.Globalization;

namespace Sweeps.Core.Spec.Settings;

/// <summary>What values a setting takes, and how a scalar of the file becomes one.</summary>
public abstract class SettingType
{
    /// <summary>What is allowed, for a message: <c>a whole number from 1 to 10000</c>.</summary>
    public abstract string Allowed { get; }

    /// <summary>Words that are right, for the nearest name; empty where any text or number is.</summary>
    public virtual IReadOnlyList<string> Words => [];

    /// <summary>The value: <see cref="long"/>, <see cref="double"/> or <see cref="string"/>; null when the text is none.</summary>
    /// <param name="text">Scalar as written.</param>
    public abstract object? Parse(string text);
}

/// <summary>A whole number.</summary>
public sealed class IntegerType(long min, long max) : SettingType
{
    /// <inheritdoc/>
    public override string Allowed => string.Create(CultureInfo.InvariantCulture, $"a whole number from {min} to {max}");

    /// <inheritdoc/>
    public override object? Parse(string text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
        && value >= min && value <= max
            ? value
            : null;
}

/// <summary>A number with a closed or open lower bound.</summary>
public sealed class NumberType(double min, double max, bool minIsOpen = false, bool maxIsOpen = false) : SettingType
{
    /// <inheritdoc/>
    public override string Allowed => string.Create(
        CultureInfo.InvariantCulture,
        $"a number {(minIsOpen ? "above" : "from")} {min} {(maxIsOpen ? "and below" : "to")} {max}");

    /// <inheritdoc/>
    public override object? Parse(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
        && double.IsFinite(value)
        && (minIsOpen ? value > min : value >= min)
        && (maxIsOpen ? value < max : value <= max)
            ? value
            : null;
}

/// <summary>A stretch of the run, such as the warm-up: a share of all steps below 1, a number of steps from 1.</summary>
public sealed class StepsType : SettingType
{
    /// <inheritdoc/>
    public override string Allowed => "a share of all steps from 0 to below 1, or a whole number of steps from 1 to 10000000";

    /// <inheritdoc/>
    public override object? Parse(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
        && value is >= 0 and <= 1e7
        && (value < 1 || Math.Floor(value) == value)
            ? value
            : null;
}

/// <summary>A switch.</summary>
public sealed class SwitchType : SettingType
{
    /// <inheritdoc/>
    public override string Allowed => "true or false";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Words { get; } = ["true", "false"];

    /// <inheritdoc/>
    public override object? Parse(string text) => text switch
    {
        "true" => true,
        "false" => false,
        _ => null,
    };
}

/// <summary>One of a few words.</summary>
public sealed class ChoiceType(params string[] words) : SettingType
{
    /// <inheritdoc/>
    public override string Allowed => words.Length < 2 ? words[0] : $"{string.Join(", ", words[..^1])} or {words[^1]}";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Words => words;

    /// <inheritdoc/>
    public override object? Parse(string text) => Array.IndexOf(words, text) < 0 ? null : text;
}

/// <summary>A template with <c>{column}</c> slots.</summary>
public sealed class TemplateType : SettingType
{
    /// <inheritdoc/>
    public override string Allowed =>
        $"text with at least one {{column}} in it, at most {TemplateSlots.MaxLength} characters; {{{{ and }}}} are braces";

    /// <inheritdoc/>
    public override object? Parse(string text)
    {
        _ = TemplateSlots.Find(text, out var problem);
        return problem is null ? text : null;
    }
}

/// <summary>
/// Names of modules: one of a few words that stand alone, a list, or after <c>regex:</c> a regular expression of the whole
/// name. As one scalar names are separated by commas; the value is in order and without repetition, so that the same set is
/// the same value.
/// </summary>
/// <param name="words">The words that stand alone.</param>
public sealed class ModulesType(params string[] words) : SettingType
{
    /// <summary>Every linear layer but the head.</summary>
    public const string AllLinear = "all-linear";

    /// <summary>What PEFT takes for the model type when nothing is said.</summary>
    public const string Default = "default";

    /// <summary>No module.</summary>
    public const string None = "none";

    /// <summary>Start of a regular expression.</summary>
    public const string Pattern = "regex:";

    private const int LongestPattern = 512;

    private bool TakesPattern => words.Contains(AllLinear);

    /// <inheritdoc/>
    public override string Allowed =>
        $"{string.Join(", ", words)}, or names of modules such as q_proj (letters, digits, '_', '.', '*' and '-')"
        + (TakesPattern ? $", or {Pattern} and a regular expression of whole names" : "");

    /// <summary>The names in a value.</summary>
    public static IReadOnlyList<string> Split(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return value.StartsWith(Pattern, StringComparison.Ordinal) ? [value] : value.Split(',');
    }

    /// <inheritdoc/>
    public override object? Parse(string text)
    {
        if (TakesPattern && text.StartsWith(Pattern, StringComparison.Ordinal))
        {
            return text.Length > Pattern.Length && text.Length <= LongestPattern ? text : null;
        }

        var names = text.Split(',', StringSplitOptions.TrimEntries);
        var bad = names.Length > 64
            || names.Any(name => name.Length is 0 or > 128 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '*' or '-'))
            || (names.Length > 1 && names.Intersect(words).Any());
        return bad ? null : string.Join(',', names.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
    }
}
