namespace Sweeps.Data;

/// <summary>Finds what a person probably meant.</summary>
internal static class NearestName
{
    /// <summary>The candidate closest to <paramref name="name"/>, or null when none is close enough to be worth saying.</summary>
    public static string? Of(string name, IEnumerable<string> candidates)
    {
        string wanted = Shorten(name);
        string? best = null;
        int bestDistance = int.MaxValue;
        foreach (string candidate in candidates)
        {
            int distance = Distance(wanted, Shorten(candidate));
            if (distance < bestDistance)
            {
                (best, bestDistance) = (candidate, distance);
            }
        }

        return best is not null && bestDistance <= Math.Max(1, Math.Max(wanted.Length, best.Length) / 3) ? best : null;
    }

    /// <summary>Names in quotes, at most 20 of them, for a message.</summary>
    public static string List(IEnumerable<string> names)
    {
        string[] all = [.. names];
        string shown = string.Join(", ", all.Take(20).Select(static name => $"'{Shorten(name, lower: false)}'"));
        return all.Length > 20 ? $"{shown} and {all.Length - 20} more" : shown;
    }

    private static string Shorten(string name, bool lower = true)
    {
        string bounded = name.Length > 64 ? name[..64] : name;
        return lower ? bounded.ToLowerInvariant() : bounded;
    }

    private static int Distance(string a, string b)
    {
        int[] previous = [.. Enumerable.Range(0, b.Length + 1)];
        int[] current = new int[b.Length + 1];
        for (int i = 1; i <= a.Length; i++)
        {
            current[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int substitution = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                current[j] = Math.Min(substitution, 1 + Math.Min(previous[j], current[j - 1]));
            }

            (previous, current) = (current, previous);
        }

        return previous[b.Length];
    }
}
