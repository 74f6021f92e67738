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

    /// <summary>Insertions, deletions, replacements and swaps of neighbours.</summary>
    private static int Distance(string a, string b)
    {
        int[,] distance = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
        {
            for (int j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    distance[i, j] = i + j;
                    continue;
                }

                int replaced = distance[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                int best = Math.Min(replaced, 1 + Math.Min(distance[i - 1, j], distance[i, j - 1]));
                bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                distance[i, j] = swapped ? Math.Min(best, distance[i - 2, j - 2] + 1) : best;
            }
        }

        return distance[a.Length, b.Length];
    }
}
