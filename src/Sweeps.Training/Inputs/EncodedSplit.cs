namespace Sweeps.Training.Inputs;

/// <summary>A split as the model reads it.</summary>
/// <param name="Rows">Token ids of each row, without padding.</param>
/// <param name="Labels">Label index of each row.</param>
/// <param name="TruncatedRows">Rows whose fields were cut to keep the length.</param>
internal sealed record EncodedSplit(int[][] Rows, int[] Labels, int TruncatedRows)
{
    /// <summary>Tokens of each row.</summary>
    public int[] Lengths { get; } = [.. Rows.Select(row => row.Length)];

    /// <summary>Mean tokens a row.</summary>
    public double MeanTokens => Lengths.Average();

    /// <summary>Rows of each class.</summary>
    public int[] Count(int classes)
    {
        var counts = new int[classes];
        foreach (var label in Labels)
        {
            counts[label]++;
        }

        return counts;
    }
}
