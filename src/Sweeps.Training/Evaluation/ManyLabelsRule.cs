namespace Sweeps.Training.Evaluation;

/// <summary>
/// Labels are independent of each other: those with a probability of at least one half are named, the loss is binary
/// cross-entropy, mean over rows and labels, the prior a label's odds.
/// </summary>
internal sealed class ManyLabelsRule : IScoreRule
{
    /// <summary>Rows with the label over rows without it; a label of every row counts as if one had it not.</summary>
    public double Prior(int having, int rows) => (double)having / Math.Max(1, rows - having);

    /// <inheritdoc/>
    public double Loss(IReadOnlyList<double[]> scores, IReadOnlyList<int[]> truth)
    {
        var sum = 0.0;
        for (var row = 0; row < scores.Count; row++)
        {
            sum += scores[row].Sum(score => Math.Max(score, 0) + Math.Log(1 + Math.Exp(-Math.Abs(score))))
                - truth[row].Sum(label => scores[row][label]);
        }

        return sum / scores.Sum(row => row.Length);
    }

    /// <inheritdoc/>
    public double[] Probabilities(double[] scores) => Array.ConvertAll(scores, score => 1 / (1 + Math.Exp(-score)));

    /// <inheritdoc/>
    public int[][] Decide(IReadOnlyList<double[]> scores) =>
        [.. scores.Select(row => Enumerable.Range(0, row.Length).Where(label => row[label] >= 0).ToArray())];

    /// <inheritdoc/>
    public double FitTemperature(IReadOnlyList<double[]> scores, IReadOnlyList<int[]> truth) =>
        ScoreVariant.FitTemperature(inverse => Slope(scores, truth, inverse));

    /// <summary>Slope of the loss over the inverse temperature.</summary>
    private static double Slope(IReadOnlyList<double[]> scores, IReadOnlyList<int[]> truth, double inverse)
    {
        var slope = 0.0;
        for (var row = 0; row < scores.Count; row++)
        {
            slope += scores[row].Sum(score => score / (1 + Math.Exp(-inverse * score))) - truth[row].Sum(label => scores[row][label]);
        }

        return slope;
    }
}
