using System.Globalization;
using Sweeps.Core.Api;
using Sweeps.Core.Ids;
using Sweeps.Core.Ledger;

namespace Sweeps.Cli.Show;

/// <summary>How numbers and settings are written for people, everywhere the same.</summary>
internal static class Format
{
    public static string Score(double? value) =>
        value is { } v && double.IsFinite(v) ? v.ToString("0.0000", CultureInfo.InvariantCulture) : "-";

    public static string Number(double? value) =>
        value is { } v && double.IsFinite(v) ? v.ToString(Math.Abs(v) is >= 1e-3 and < 1e4 or 0 ? "0.####" : "0.##e+0", CultureInfo.InvariantCulture) : "-";

    public static string Duration(double? seconds)
    {
        if (seconds is not { } s || !double.IsFinite(s) || s < 0)
        {
            return "-";
        }

        if (s < 60)
        {
            return string.Create(CultureInfo.InvariantCulture, $"{s:0.0} s");
        }

        var span = TimeSpan.FromSeconds(s);
        return span.TotalHours >= 1
            ? string.Create(CultureInfo.InvariantCulture, $"{(int)span.TotalHours}:{span.Minutes:00}:{span.Seconds:00}")
            : string.Create(CultureInfo.InvariantCulture, $"{span.Minutes}:{span.Seconds:00} min");
    }

    public static string Count(double? value) => value switch
    {
        null => "-",
        < 10_000 => value.Value.ToString("0", CultureInfo.InvariantCulture),
        < 1_000_000 => (value.Value / 1e3).ToString("0.#", CultureInfo.InvariantCulture) + " k",
        < 1_000_000_000 => (value.Value / 1e6).ToString("0.##", CultureInfo.InvariantCulture) + " M",
        _ => (value.Value / 1e9).ToString("0.##", CultureInfo.InvariantCulture) + " G",
    };

    public static string Bytes(double value) => value switch
    {
        < 1024 => value.ToString("0 B", CultureInfo.InvariantCulture),
        < 1024 * 1024 => (value / 1024).ToString("0.# KiB", CultureInfo.InvariantCulture),
        < 1024.0 * 1024 * 1024 => (value / 1024 / 1024).ToString("0.# MiB", CultureInfo.InvariantCulture),
        _ => (value / 1024 / 1024 / 1024).ToString("0.# GiB", CultureInfo.InvariantCulture),
    };

    public static string Share(long? part, long? whole) =>
        part is { } p && whole is > 0 ? (100.0 * p / whole.Value).ToString("0.#", CultureInfo.InvariantCulture) + " %" : "-";

    public static string When(long unixMilliseconds) =>
        DateTimeOffset.FromUnixTimeMilliseconds(unixMilliseconds).ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    /// <summary>The swept settings in one line: <c>epochs 3, learning_rate 0.003, method lora, rank 8</c>.</summary>
    public static string Settings(TrialSummary trial, IReadOnlyList<string> axes) =>
        string.Join(", ", axes.Where(trial.Point.ContainsKey).Select(a => $"{a} {trial.Point[a]}"));

    /// <summary>An enum's name in words: <c>out of memory</c>.</summary>
    public static string Word<T>(T value)
        where T : struct, Enum =>
        string.Concat(value.ToString().Select((c, i) => char.IsUpper(c) && i > 0 ? $" {char.ToLowerInvariant(c)}" : $"{char.ToLowerInvariant(c)}"));

    /// <summary>A number of things: <c>1 trial</c>, <c>1,200 trials</c>.</summary>
    public static string Plural(long count, string thing) =>
        string.Create(CultureInfo.InvariantCulture, $"{count:N0} {thing}{(count == 1 ? string.Empty : "s")}");

    /// <summary>What happened, and to whom.</summary>
    public static string Event(EventRow row) => row.Job switch
    {
        null => $"{row.Kind}: {row.Message}",
        { Kind: JobKind.Train } job => $"trial {job.Number} {row.Kind}: {row.Message}",
        { Kind: JobKind.Evaluate } => $"scoring {row.Kind}: {row.Message}",
        { } job => $"{Word(job.Kind)} {job.Number} {row.Kind}: {row.Message}",
    };

    /// <summary>At most so many characters.</summary>
    public static string Cut(string text, int most) => text.Length <= most ? text : string.Concat(text.AsSpan(0, Math.Max(0, most - 1)), "\u2026");

    public static string Bar(double share, int width)
    {
        var full = (int)Math.Round(Math.Clamp(share, 0, 1) * width);
        return new string('\u2501', full) + new string('\u2500', width - full);
    }
}
