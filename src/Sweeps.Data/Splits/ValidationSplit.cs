namespace Sweeps.Data.Splits;

/// <summary>
/// Takes a share of the rows for validation: the same share of every class, chosen by a hash of the content, so that the
/// order of rows does not matter, and rows with the same <see cref="NormalForm"/> always on one side.
/// </summary>
public static class ValidationSplit
{
    /// <summary>The share taken when nothing else is asked for.</summary>
    public const double DefaultShare = 0.1;

    /// <summary>Chooses the validation rows.</summary>
    /// <param name="texts">The normal form of each row (<see cref="NormalForm.Of(IEnumerable{string})"/>).</param>
    /// <param name="labels">The label index of each row.</param>
    /// <param name="share">The share of each class, above 0 and below 1.</param>
    /// <param name="salt">Another salt chooses other rows.</param>
    /// <returns>For each row whether it is a validation row. A class with two different texts or more has rows on both
    /// sides; a class with one is for training only.</returns>
    /// <exception cref="DataException">The share is out of range or no row could be taken.</exception>
    public static bool[] Choose(IReadOnlyList<string> texts, IReadOnlyList<int> labels, double share = DefaultShare, string salt = "")
    {
        CheckShare(share);
        if (texts.Count != labels.Count)
        {
            throw new ArgumentException($"{texts.Count} texts for {labels.Count} labels.", nameof(labels));
        }

        bool[] validation = new bool[texts.Count];
        foreach (IGrouping<int, RowGroup> ofClass in Groups(texts, labels, salt).GroupBy(static group => group.Label))
        {
            foreach (RowGroup group in ChooseGroups([.. ofClass], share))
            {
                foreach (int row in group.Rows)
                {
                    validation[row] = true;
                }
            }
        }

        return validation.Contains(true)
            ? validation
            : throw new DataException(null, null, "no row could be taken for validation: every class has a single text", "Name a validation file or add rows");
    }

    /// <summary>Makes sure that a share leaves something on both sides.</summary>
    /// <exception cref="DataException">It does not.</exception>
    internal static void CheckShare(double share)
    {
        if (share is not (> 0 and < 1))
        {
            throw new DataException(null, null, FormattableString.Invariant($"a validation share of {share} is not possible"), "Give a share above 0 and below 1, such as 0.1");
        }
    }

    private static List<RowGroup> ChooseGroups(RowGroup[] groups, double share)
    {
        if (groups.Length < 2)
        {
            return [];
        }

        Array.Sort(groups);
        double target = Math.Max(1, Math.Round(share * groups.Sum(static group => group.Rows.Count), MidpointRounding.AwayFromZero));
        List<RowGroup> chosen = [];
        int taken = 0;
        foreach (RowGroup group in groups)
        {
            // A group is taken when that comes closer to the target; a large one may be passed over for smaller ones.
            if (taken < target && Math.Abs(taken + group.Rows.Count - target) < target - taken)
            {
                chosen.Add(group);
                taken += group.Rows.Count;
            }
        }

        if (chosen.Count == 0)
        {
            chosen.Add(groups.MinBy(static group => group.Rows.Count)!);
        }
        else if (chosen.Count == groups.Length)
        {
            chosen.Remove(groups.MinBy(static group => group.Rows.Count)!);
        }

        return chosen;
    }

    private static IEnumerable<RowGroup> Groups(IReadOnlyList<string> texts, IReadOnlyList<int> labels, string salt)
    {
        Dictionary<string, List<int>> rowsByText = new(StringComparer.Ordinal);
        for (int i = 0; i < texts.Count; i++)
        {
            if (!rowsByText.TryGetValue(texts[i], out List<int>? rows))
            {
                rowsByText.Add(texts[i], rows = []);
            }

            rows.Add(i);
        }

        // A text that people labelled differently counts for its most frequent label, of equals the lowest.
        return rowsByText.Select(pair => new RowGroup(
            NormalForm.Hash(salt, pair.Key),
            pair.Key,
            pair.Value.CountBy(row => labels[row]).OrderByDescending(static count => count.Value).ThenBy(static count => count.Key).First().Key,
            pair.Value));
    }

    private sealed record RowGroup(UInt128 Hash, string Text, int Label, List<int> Rows) : IComparable<RowGroup>
    {
        public int CompareTo(RowGroup? other) =>
            other is null ? 1 : Hash != other.Hash ? Hash.CompareTo(other.Hash) : string.CompareOrdinal(Text, other.Text);
    }
}
