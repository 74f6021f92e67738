using Sweeps.Core.Spec;
using Sweeps.Core.States;

namespace Sweeps.Training.Evaluation;

/// <summary>Decisions of a <see cref="VariantSettings"/> on scores that were computed once.</summary>
internal static class ScoreVariant
{
    private const int Halvings = 60;

    /// <summary>The scores as the variant has them.</summary>
    /// <param name="variant">The variant.</param>
    /// <param name="scores">Rows of one score a label.</param>
    /// <param name="facts">The labels' priors and the fitted temperatures that it may ask for.</param>
    /// <exception cref="TrainingException">It asks for what is not there.</exception>
    public static double[][] Apply(VariantSettings variant, IReadOnlyList<float[]> scores, VariantFacts facts)
    {
        var divisor = variant.FitsTemperature ? Fitted(variant, facts) : variant.Temperature ?? 1;
        if (variant.AddLogPrior != 0 && facts.Priors is null)
        {
            throw Missing(variant, "priors of the labels");
        }

        return [.. scores.Select(row => row.Select((score, label) =>
            ((score * (variant.MultiplyLogit?[label] ?? 1)) + Prior(variant, facts.Priors, label)) / divisor).ToArray())];
    }

    /// <summary>The temperature that makes the loss least: Guo et al. 2017, arXiv 1706.04599.</summary>
    /// <param name="scores">Rows of one score a label.</param>
    /// <param name="truth">Label of each row.</param>
    /// <returns>From 0.001 to 1000.</returns>
    public static double FitTemperature(IReadOnlyList<double[]> scores, IReadOnlyList<int> truth) =>
        FitTemperature(inverse => Slope(scores, truth, inverse));

    /// <summary>As the other overload, for a loss that is known by its slope over the inverse temperature, in which it is convex.</summary>
    public static double FitTemperature(Func<double, double> slope)
    {
        // The slope is followed to zero.
        var (low, high) = (Math.Log(1e-3), Math.Log(1e3));
        for (var i = 0; i < Halvings; i++)
        {
            var middle = (low + high) / 2;
            if (slope(Math.Exp(middle)) > 0)
            {
                high = middle;
            }
            else
            {
                low = middle;
            }
        }

        return Math.Exp(-(low + high) / 2);
    }

    /// <summary>Mean cross-entropy of the true labels.</summary>
    public static double Loss(IReadOnlyList<double[]> scores, IReadOnlyList<int> truth) =>
        scores.Select((row, index) => LogSum(row) - row[truth[index]]).Average();

    /// <summary>Softmax of one row of scores.</summary>
    public static double[] Probabilities(double[] scores)
    {
        var all = LogSum(scores);
        return Array.ConvertAll(scores, score => Math.Exp(score - all));
    }

    /// <summary>The label with the highest score of each row; of equals the first.</summary>
    public static int[] Decide(IReadOnlyList<double[]> scores) =>
        [.. scores.Select(row => Array.IndexOf(row, row.Max()))];

    private static double Fitted(VariantSettings variant, VariantFacts facts) =>
        facts.Temperatures.TryGetValue(variant.Name, out var fitted) ? fitted : throw Missing(variant, "temperature");

    private static TrainingException Missing(VariantSettings variant, string what) => new(
        FailureClass.BadData,
        $"the checkpoint does not hold the {what} that the variant '{variant.Name}' needs: it was written by an earlier version. Launch the sweep again");

    private static double Prior(VariantSettings variant, IReadOnlyList<double>? priors, int label) =>
        variant.AddLogPrior == 0 || priors is null ? 0 : variant.AddLogPrior * Math.Log(Math.Max(priors[label], 1e-9));

    private static double LogSum(double[] row)
    {
        var most = row.Max();
        return most + Math.Log(row.Sum(score => Math.Exp(score - most)));
    }

    /// <summary>Slope of the loss over the inverse temperature.</summary>
    private static double Slope(IReadOnlyList<double[]> scores, IReadOnlyList<int> truth, double inverse)
    {
        var slope = 0.0;
        for (var i = 0; i < scores.Count; i++)
        {
            var row = scores[i];
            var most = row.Max();
            var (sum, weighted) = (0.0, 0.0);
            foreach (var score in row)
            {
                var weight = Math.Exp(inverse * (score - most));
                sum += weight;
                weighted += weight * score;
            }

            slope += (weighted / sum) - row[truth[i]];
        }

        return slope;
    }
}
