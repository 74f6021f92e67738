using Sweeps.Training.Inputs;

namespace Sweeps.Training.Evaluation;

/// <summary>How a trial's head labels texts.</summary>
internal interface IDecider
{
    /// <summary>Labels a few rows as one batch, without dropout and gradients.</summary>
    /// <param name="split">The split.</param>
    /// <param name="rows">Indexes of its rows.</param>
    /// <param name="withScores">Whether the score of every label is wanted too.</param>
    BatchVerdict Judge(EncodedSplit split, int[] rows, bool withScores);

    /// <summary>
    /// Labels a few rows with the constraint to labels switched as asked; null where the head knows no such switch.
    /// </summary>
    int[][]? Decide(EncodedSplit split, int[] rows, bool constrained);
}

/// <summary>What came of a batch.</summary>
/// <param name="Loss">Mean loss of its rows, all classes counting the same.</param>
/// <param name="Predicted">Labels of each row, ascending; empty: none.</param>
/// <param name="Scores">One score a label for each row, when they were wanted.</param>
internal sealed record BatchVerdict(double Loss, int[][] Predicted, float[][]? Scores);
