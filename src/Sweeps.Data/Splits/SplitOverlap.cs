namespace Sweeps.Data.Splits;

/// <summary>Rows of one split that another already holds, by <see cref="NormalForm"/>.</summary>
public static class SplitOverlap
{
    /// <summary>How many of <paramref name="held"/> (validation or test texts) also occur in <paramref name="train"/>.</summary>
    public static int Count(IEnumerable<string> train, IEnumerable<string> held)
    {
        HashSet<string> known = new(train, StringComparer.Ordinal);
        return held.Count(known.Contains);
    }
}
