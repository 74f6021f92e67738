using Sweeps.Core.Spec;

namespace Sweeps.Training.Evaluation;

/// <summary>What scores of labels say: which are named, how wrong that is, and what they are changed by.</summary>
internal interface IScoreRule
{
    /// <summary>The rule of a trial.</summary>
    static IScoreRule Of(TrialSettings settings) => settings.Data.IsMultiLabel ? new ManyLabelsRule() : new OneLabelRule();

    /// <summary>What is expected of a label before a text is read; variants add its logarithm to scores.</summary>
    /// <param name="having">Training rows that have the label.</param>
    /// <param name="rows">Training rows.</param>
    double Prior(int having, int rows);

    /// <summary>Mean loss of the true labels, all counting the same.</summary>
    /// <param name="scores">Rows of one score a label.</param>
    /// <param name="truth">Labels of each row.</param>
    double Loss(IReadOnlyList<double[]> scores, IReadOnlyList<int[]> truth);

    /// <summary>Probability of each label from one row of scores.</summary>
    double[] Probabilities(double[] scores);

    /// <summary>The labels that each row's scores name, ascending.</summary>
    int[][] Decide(IReadOnlyList<double[]> scores);

    /// <summary>The temperature that makes the loss least, 0.001 to 1000: Guo et al. 2017, arXiv 1706.04599.</summary>
    double FitTemperature(IReadOnlyList<double[]> scores, IReadOnlyList<int[]> truth);
}
