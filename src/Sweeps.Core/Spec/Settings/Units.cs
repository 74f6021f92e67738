using System.Buffers;
using System.Globalization;

namespace Sweeps.Core.Spec.Settings;

/// <summary>Durations and sizes as people write them.</summary>
public static class Units
{
    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789.");

    private static readonly (string Suffix, double Seconds)[] Times = [("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400)];

    private static readonly (string Suffix, double Bytes)[] Sizes =
    [
        ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40),
        ("KB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12), ("B", 1),
    ];

    /// <summary>What a duration may be, for a message.</summary>
    public const string DurationAllowed = "a duration such as 90s, 30m, 2h, 1d or 1h30m, at most 365d";

    /// <summary>What a size may be, for a message.</summary>
    public const string SizeAllowed = "a size such as 500MB, 10GB or 2GiB, from 1MB to 1000TB";

    /// <summary>Reads <c>90s</c>, <c>2h</c>, <c>1h30m</c>; null when it is none, is zero or is over a year.</summary>
    public static TimeSpan? Duration(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        double seconds = 0;
        var rest = text.AsSpan().Trim();
        if (rest.IsEmpty || rest.Length > 32)
        {
            return null;
        }

        while (!rest.IsEmpty)
        {
            var digits = rest.IndexOfAnyExcept(Digits);
            if (digits <= 0 || !double.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            {
                return null;
            }

            var unit = rest[digits];
            var index = Array.FindIndex(Times, time => time.Suffix[0] == unit);
            if (index < 0)
            {
                return null;
            }

            seconds += number * Times[index].Seconds;
            rest = rest[(digits + 1)..];
        }

        return seconds is > 0 and <= 365 * 86_400 ? TimeSpan.FromSeconds(seconds) : null;
    }

    /// <summary>Reads <c>10GB</c> (powers of 1000) or <c>2GiB</c> (powers of 1024); null when it is none or out of range.</summary>
    public static long? Size(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var trimmed = text.Trim();
        foreach (var (suffix, bytes) in Sizes)
        {
            if (trimmed.EndsWith(suffix, StringComparison.OrdinalIgnoreCase))
            {
                return double.TryParse(trimmed.AsSpan(0, trimmed.Length - suffix.Length).TrimEnd(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
                    && number * bytes is >= 1e6 and <= 1e15
                        ? (long)(number * bytes)
                        : null;
            }
        }

        return null;
    }
}
