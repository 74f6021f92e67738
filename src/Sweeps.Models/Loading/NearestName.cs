namespace Sweeps.Models.Loading;

/// <summary>Finds what somebody may have meant, for messages.</summary>
internal static class NearestName
{
    /// <summary>
    /// The known name with the least edit distance to <paramref name="name"/>, where letters that both begin with count
    /// for it: gemma3 is nearer to gemma3_text than to llama. Null when none is like it: a wrong hint is worse than none.
    /// </summary>
    public static string? Of(string name, IEnumerable<string> known)
    {
        var nearest = known.MinBy(other => Distance(other, name) - CommonPrefix(other, name));
        return nearest is not null
            && (CommonPrefix(nearest, name) >= 4 || Distance(nearest, name) <= Math.Max(1, Math.Max(nearest.Length, name.Length) / 3))
                ? nearest
                : null;
    }

    private static int CommonPrefix(string first, string second) =>
        first.Zip(second).TakeWhile(pair => pair.First == pair.Second).Count();

    /// <summary>Levenshtein's edit distance.</summary>
    private static int Distance(string first, string second)
    {
        var row = Enumerable.Range(0, second.Length + 1).ToArray();
        for (var i = 1; i <= first.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= second.Length; j++)
            {
                var substituted = diagonal + (first[i - 1] == second[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substituted, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[^1];
    }
}
