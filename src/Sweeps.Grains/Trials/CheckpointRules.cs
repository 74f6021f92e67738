using Sweeps.Core.Ledger;

namespace Sweeps.Grains.Trials;

/// <summary>Which checkpoints are kept: the last two and the best; after the end the best alone. Pure functions.</summary>
internal static class CheckpointRules
{
    /// <summary>Newest first: a higher attempt supersedes, then the later step.</summary>
    public static IEnumerable<CheckpointRow> NewestFirst(IEnumerable<CheckpointRow> rows) =>
        rows.OrderByDescending(r => r.Attempt).ThenByDescending(r => r.Step);

    /// <summary>Adds a checkpoint that is being committed.</summary>
    /// <param name="rows">Those kept or bad so far.</param>
    /// <param name="added">The new one; <see cref="CheckpointRow.IsBest"/> says whether it is the best now.</param>
    /// <returns>The rows that change: the new one, a former best that is no longer so, and those dropped.</returns>
    public static IReadOnlyList<CheckpointRow> Add(IReadOnlyList<CheckpointRow> rows, CheckpointRow added)
    {
        var others = rows.Where(r => r.Attempt != added.Attempt || r.Step != added.Step).ToList();
        var kept = others.Where(r => r.Status == CheckpointStatus.Kept)
            .Select(r => added.IsBest && r.IsBest ? r with { IsBest = false } : r)
            .Append(added)
            .ToList();

        // Of a step that two attempts wrote only the higher attempt's counts, unless the lower one's is the best.
        var last = NewestFirst(kept.Where(r => r.HasState)).DistinctBy(r => r.Step).Take(2).ToHashSet();
        var changed = new List<CheckpointRow>();
        foreach (var row in kept)
        {
            var stays = row.IsBest || row.IsFinal || last.Contains(row) || ReferenceEquals(row, added);
            var next = stays ? row : row with { Status = CheckpointStatus.Dropped };
            if (ReferenceEquals(row, added) || !others.Contains(next))
            {
                changed.Add(next);
            }
        }

        return changed;
    }

    /// <summary>The rows that are dropped when the job has ended with a result: all but the best (the final one, without a best).</summary>
    public static IReadOnlyList<CheckpointRow> DropAtEnd(IReadOnlyList<CheckpointRow> rows)
    {
        var kept = rows.Where(r => r.Status == CheckpointStatus.Kept).ToList();
        var survivor = kept.FirstOrDefault(r => r.IsBest)
            ?? NewestFirst(kept).FirstOrDefault(r => r.IsFinal)
            ?? NewestFirst(kept).FirstOrDefault();
        return
        [
            .. rows.Where(r => r.Status != CheckpointStatus.Dropped && !ReferenceEquals(r, survivor))
                .Select(r => r with { Status = CheckpointStatus.Dropped }),
        ];
    }
}
