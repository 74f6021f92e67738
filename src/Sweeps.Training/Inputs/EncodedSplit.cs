using Sweeps.Data.Metrics;

namespace Sweeps.Training.Inputs;

/// <summary>A split as the model reads it.</summary>
/// <param name="Rows">Token ids of each row, without padding.</param>
/// <param name="Labels">Label indexes of each row, ascending: one, or any number under multi-label.</param>
/// <param name="TruncatedRows">Rows whose fields were cut to keep the length.</param>
internal sealed record EncodedSplit(int[][] Rows, int[][] Labels, int TruncatedRows)
{
    /// <summary>A split whose rows have one label each.</summary>
    public EncodedSplit(int[][] rows, int[] labels, int truncatedRows)
        : this(rows, ClassificationMetrics.Sets(labels), truncatedRows)
    {
    }

    /// <summary>Tokens of each row.</summary>
    public int[] Lengths { get; } = [.. Rows.Select(row => row.Length)];

    /// <summary>Mean tokens a row.</summary>
    public double MeanTokens => Lengths.Average();

    /// <summary>The label of a row that has one.</summary>
    public int Label(int row) => Labels[row] is [var only] ? only : throw new InvalidOperationException($"row {row} has {Labels[row].Length} labels, not one");

    /// <summary>Rows that have each class.</summary>
    public int[] Count(int classes)
    {
        var counts = new int[classes];
        foreach (var label in Labels.SelectMany(own => own))
        {
            counts[label]++;
        }

        return counts;
    }
}
