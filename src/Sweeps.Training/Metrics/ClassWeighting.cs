using Sweeps.Core.Spec;

namespace Sweeps.Training.Metrics;

/// <summary>The weight of each class in the training loss.</summary>
public static class ClassWeighting
{
    /// <summary>Resolves the setting.</summary>
    /// <param name="settings">Settings of the trial.</param>
    /// <param name="counts">Training rows of each class, in label order; none is 0.</param>
    /// <returns>One weight a class; null when all count the same.</returns>
    /// <exception cref="ArgumentException">An unknown setting, or not one positive weight for each class.</exception>
    public static float[]? Resolve(TrialSettings settings, IReadOnlyList<int> counts)
    {
        switch (settings.ClassWeights)
        {
            case "none":
                return null;
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
