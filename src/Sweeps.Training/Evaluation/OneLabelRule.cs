using Sweeps.Data.Metrics;

namespace Sweeps.Training.Evaluation;

/// <summary>Labels exclude each other: the highest score names the one, the loss is cross-entropy, the prior a label's share.</summary>
internal sealed class OneLabelRule : IScoreRule
{
    /// <inheritdoc/>
    public double Prior(int having, int rows) => (double)having / rows;

    /// <inheritdoc/>
    public double Loss(IReadOnlyList<double[]> scores, IReadOnlyList<int[]> truth) => ScoreVariant.Loss(scores, One(truth));

    /// <inheritdoc/>
    public double[] Probabilities(double[] scores) => ScoreVariant.Probabilities(scores);

    /// <inheritdoc/>
    public int[][] Decide(IReadOnlyList<double[]> scores) => ClassificationMetrics.Sets(ScoreVariant.Decide(scores));

    /// <inheritdoc/>
    public double FitTemperature(IReadOnlyList<double[]> scores, IReadOnlyList<int[]> truth) => ScoreVariant.FitTemperature(scores, One(truth));

    private static int[] One(IReadOnlyList<int[]> truth) => [.. truth.Select(own => own[0])];
}
