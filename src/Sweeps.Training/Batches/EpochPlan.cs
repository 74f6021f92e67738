using Sweeps.Models.Ops;

namespace Sweeps.Training.Batches;

/// <summary>
/// Which rows make up which micro-batch of an epoch: a pure function of (seed, epoch) and the rows' lengths. Rows are
/// shuffled, sorted by length inside windows of <see cref="WindowBatches"/> batches (so that little padding is computed),
/// cut into batches, and the batches are shuffled.
/// </summary>
public static class EpochPlan
{
    /// <summary>Batches whose rows are sorted by length together.</summary>
    public const int WindowBatches = 16;

    /// <summary>The micro-batches of an epoch, each an array of row indexes; the last of the cut may be shorter.</summary>
    /// <param name="lengths">Tokens of each row.</param>
    /// <param name="batchSize">Rows a micro-batch.</param>
    /// <param name="seed">Seed of the trial.</param>
    /// <param name="epoch">Epoch, from 0.</param>
    /// <param name="byLength">False leaves the sorting out: batches are cut from the shuffled rows.</param>
    public static int[][] Of(IReadOnlyList<int> lengths, int batchSize, int seed, int epoch, bool byLength = true)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        var state = StableHash.Mix(StableHash.Mix(StableHash.Of("epoch-order"), (ulong)(uint)seed), (ulong)(uint)epoch);
        var order = Enumerable.Range(0, lengths.Count).ToArray();
        Shuffle(order, ref state);
        if (!byLength)
        {
            return [.. order.Chunk(batchSize)];
        }

        var window = checked(batchSize * WindowBatches);
        var batches = new List<int[]>();
        for (var start = 0; start < order.Length; start += window)
        {
            // OrderBy is stable: rows of one length keep their shuffled order.
            var rows = order.Skip(start).Take(window).OrderBy(row => lengths[row]);
            batches.AddRange(rows.Chunk(batchSize));
        }

        var plan = batches.ToArray();
        Shuffle(plan, ref state);
        return plan;
    }

    /// <summary>Batches of an evaluation: rows by length, so that little padding is computed.</summary>
    public static int[][] Sorted(IReadOnlyList<int> lengths, int batchSize) =>
        [.. Enumerable.Range(0, lengths.Count).OrderBy(row => lengths[row]).Chunk(batchSize)];

    /// <summary>Optimiser steps of an epoch: the last group of micro-batches may be short and steps all the same.</summary>
    public static int StepsPerEpoch(int rows, int batchSize, int accumulation)
    {
        var batches = ((rows - 1) / batchSize) + 1;
        return ((batches - 1) / accumulation) + 1;
    }

    private static void Shuffle<T>(T[] items, ref ulong state)
    {
        for (var i = items.Length - 1; i > 0; i--)
        {
            state = StableHash.Mix(state);
            // The bias of the remainder is below 2^-32 for any number of rows that fits in memory.
            var j = (int)(state % (ulong)(i + 1));
            (items[i], items[j]) = (items[j], items[i]);
        }
    }
}
