using Sweeps.Core.Spec;

namespace Sweeps.Training.Metrics;

/// <summary>The weight of each class in the training loss.</summary>
public static class ClassWeighting
{
    /// <summary>Resolves the setting.</summary>
    /// <param name="settings">Settings of the trial.</param>
    /// <param name="counts">Training rows that have each class, in label order; none is 0.</param>
    /// <param name="rows">Training rows.</param>
    /// <returns>
    /// One weight a class; null when all count the same. Where rows have any number of labels it is the weight of a class's
    /// positives (torch's pos_weight).
    /// </returns>
    /// <exception cref="ArgumentException">An unknown setting, or not one positive weight for each class.</exception>
    public static float[]? Resolve(TrialSettings settings, IReadOnlyList<int> counts, int rows)
    {
        switch (settings.ClassWeights)
        {
            case "none":
                return null;
            case "balanced" when settings.Data.IsMultiLabel:
                // Rows without over rows with the label: both weigh the same. A label of every row counts as if one had it not.
                return [.. counts.Select(count => (float)Math.Max(1, rows - count) / count)];
            case "balanced":
                // Inverse frequency, scaled so that the mean over the classes is 1.
                var inverse = counts.Select(count => 1.0 / count).ToArray();
                var mean = inverse.Average();
                return [.. inverse.Select(value => (float)(value / mean))];
            case "custom" when settings.CustomClassWeights is { } weights && weights.Count == counts.Count
                && weights.All(weight => double.IsFinite(weight) && weight > 0):
                return [.. weights.Select(weight => (float)weight)];
            case "custom":
                throw new ArgumentException(
                    $"class_weights needs one positive number for each of the {counts.Count} labels, in their order");
            default:
                throw new ArgumentException($"class_weights '{settings.ClassWeights}': none, balanced or a list of weights is allowed");
        }
    }
}
