namespace Sweeps.Data.Metrics;

/// <summary>
/// What scikit-learn says of predictions: <c>accuracy_score</c> and <c>f1_score(labels=all, zero_division=0)</c>. A class
/// that neither occurs nor is predicted has F1 0 and counts in the macro mean.
/// </summary>
public sealed record ClassificationMetrics
{
    private ClassificationMetrics(double accuracy, double macroF1, double microF1, IReadOnlyList<double> f1, int rows)
    {
        Accuracy = accuracy;
        MacroF1 = macroF1;
        MicroF1 = microF1;
        F1 = f1;
        Rows = rows;
    }

    /// <summary>Share of rows predicted right, 0 to 1: with the very labels that they have.</summary>
    public double Accuracy { get; }

    /// <summary>Mean of <see cref="F1"/>.</summary>
    public double MacroF1 { get; }

    /// <summary>F1 of all decisions together, whatever their class.</summary>
    public double MicroF1 { get; }

    /// <summary>F1 of each class, by its index.</summary>
    public IReadOnlyList<double> F1 { get; }

    /// <summary>Rows scored.</summary>
    public int Rows { get; }

    /// <summary>Compares predictions with the truth, one class a row.</summary>
    /// <param name="truth">Class of each row, 0 to <paramref name="classes"/> - 1.</param>
    /// <param name="predicted">Predicted class of each row; -1 where none was named: wrong for its class, a false hit for no other.</param>
    /// <param name="classes">Number of declared classes.</param>
    /// <exception cref="ArgumentException">No rows, or not as many predictions as rows.</exception>
    public static ClassificationMetrics Of(ReadOnlySpan<int> truth, ReadOnlySpan<int> predicted, int classes) =>
        Of(Sets(truth), Sets(predicted), classes);

    /// <summary>Compares predictions with the truth, any number of classes a row.</summary>
    /// <param name="truth">Classes of each row in ascending order, 0 to <paramref name="classes"/> - 1.</param>
    /// <param name="predicted">Predicted classes of each row in ascending order.</param>
    /// <param name="classes">Number of declared classes.</param>
    /// <exception cref="ArgumentException">No rows, or not as many predictions as rows.</exception>
    public static ClassificationMetrics Of(IReadOnlyList<int[]> truth, IReadOnlyList<int[]> predicted, int classes)
    {
        if (truth.Count != predicted.Count || truth.Count == 0)
        {
            throw new ArgumentException($"{predicted.Count} predictions for {truth.Count} rows", nameof(predicted));
        }

        var hits = new int[classes];
        var occurs = new int[classes];
        var named = new int[classes];
        var right = 0;
        for (var row = 0; row < truth.Count; row++)
        {
            foreach (var label in truth[row])
            {
                occurs[label]++;
            }

            foreach (var label in predicted[row])
            {
                named[label]++;
                hits[label] += truth[row].Contains(label) ? 1 : 0;
            }

            right += truth[row].AsSpan().SequenceEqual(predicted[row]) ? 1 : 0;
        }

        var f1 = new double[classes];
        for (var c = 0; c < classes; c++)
        {
            f1[c] = F1Of(hits[c], occurs[c] + named[c]);
        }

        return new ClassificationMetrics(
            (double)right / truth.Count, f1.Average(), F1Of(hits.Sum(), occurs.Sum() + named.Sum()), f1, truth.Count);
    }

    /// <summary>Classes as sets: one of them, or none for -1.</summary>
    public static int[][] Sets(ReadOnlySpan<int> classes)
    {
        var sets = new int[classes.Length][];
        for (var row = 0; row < sets.Length; row++)
        {
            sets[row] = classes[row] < 0 ? [] : [classes[row]];
        }

        return sets;
    }

    private static double F1Of(int hits, int occursAndNamed) => occursAndNamed == 0 ? 0 : 2.0 * hits / occursAndNamed;
}
