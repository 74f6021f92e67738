namespace Sweeps.Core.Spec;

/// <summary>Finds what a person probably meant.</summary>
public static class NearestName
{
    private const int LongestCompared = 64;

    /// <summary>
    /// The candidate with the smallest edit distance (a swap of neighbours counts one), or null when none is close
    /// enough to be worth saying. Ties: the first.
    /// </summary>
    public static string? Of(string name, IEnumerable<string> candidates)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(candidates);
        var wanted = Fold(name);
        if (wanted.Length == 0)
        {
            return null;
        }

        string? best = null;
        var bestDistance = int.MaxValue;
        foreach (var candidate in candidates)
        {
            var folded = Fold(candidate);
            var distance = Distance(wanted, folded);
            if (distance < bestDistance && distance <= Math.Max(1, Math.Max(wanted.Length, folded.Length) / 3))
            {
                (best, bestDistance) = (candidate, distance);
            }
        }

        return best;
    }

    /// <summary>Names in quotes, at most <paramref name="most"/> of them, for a message.</summary>
    public static string List(IEnumerable<string> names, int most = 20)
    {
        ArgumentNullException.ThrowIfNull(names);
        string[] all = [.. names];
        var shown = string.Join(", ", all.Take(most).Select(static name => $"'{(name.Length > LongestCompared ? name[..LongestCompared] : name)}'"));
        return all.Length > most ? $"{shown} and {all.Length - most} more" : shown;
    }

    // Case and the separators that people mix up are not counted: learning-rate and LearningRate are learning_rate.
    private static string Fold(string name)
    {
        var bounded = name.Length > LongestCompared ? name[..LongestCompared] : name;
        return bounded.ToLowerInvariant().Replace("-", "", StringComparison.Ordinal)
            .Replace("_", "", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal);
    }

    private static int Distance(string a, string b)
    {
        var before = new int[b.Length + 1];
        var previous = new int[b.Length + 1];
        var current = new int[b.Length + 1];
        for (var j = 0; j <= b.Length; j++)
        {
            previous[j] = j;
        }

        for (var i = 1; i <= a.Length; i++)
        {
            current[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var cost = a[i - 1] == b[j - 1] ? 0 : 1;
                current[j] = Math.Min(previous[j - 1] + cost, 1 + Math.Min(previous[j], current[j - 1]));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    current[j] = Math.Min(current[j], before[j - 2] + 1);
                }
            }

            (before, previous, current) = (previous, current, before);
        }

        return previous[b.Length];
    }
}
