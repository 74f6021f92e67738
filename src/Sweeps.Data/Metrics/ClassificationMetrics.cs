namespace Sweeps.Data.Metrics;

/// <summary>
/// What scikit-learn says of predictions: <c>accuracy_score</c> and <c>f1_score(labels=all, zero_division=0)</c>. A class
/// that neither occurs nor is predicted has F1 0 and counts in the macro mean.
/// </summary>
public sealed record ClassificationMetrics
{
    private ClassificationMetrics(double accuracy, double macroF1, IReadOnlyList<double> f1, int rows)
    {
        Accuracy = accuracy;
        MacroF1 = macroF1;
        F1 = f1;
        Rows = rows;
    }

    /// <summary>Share of rows predicted right, 0 to 1.</summary>
    public double Accuracy { get; }

    /// <summary>Mean of <see cref="F1"/>.</summary>
    public double MacroF1 { get; }

    /// <summary>F1 of each class, by its index.</summary>
    public IReadOnlyList<double> F1 { get; }

    /// <summary>Rows scored.</summary>
    public int Rows { get; }

    /// <summary>Compares predictions with the truth.</summary>
    /// <param name="truth">Class of each row, 0 to <paramref name="classes"/> - 1.</param>
    /// <param name="predicted">Predicted class of each row; -1 where none was named: wrong for its class, a false hit for no other.</param>
    /// <param name="classes">Number of declared classes.</param>
    /// <exception cref="ArgumentException">No rows, or not as many predictions as rows.</exception>
    public static ClassificationMetrics Of(ReadOnlySpan<int> truth, ReadOnlySpan<int> predicted, int classes)
    {
        if (truth.Length != predicted.Length || truth.IsEmpty)
        {
            throw new ArgumentException($"{predicted.Length} predictions for {truth.Length} rows", nameof(predicted));
        }

        var hits = new int[classes];
        var occurs = new int[classes];
        var named = new int[classes];
        for (var row = 0; row < truth.Length; row++)
        {
            occurs[truth[row]]++;
            if (predicted[row] < 0)
            {
                continue;
            }

            named[predicted[row]]++;
            if (truth[row] == predicted[row])
            {
                hits[truth[row]]++;
            }
        }

        var f1 = new double[classes];
        for (var c = 0; c < classes; c++)
        {
            f1[c] = occurs[c] + named[c] == 0 ? 0 : 2.0 * hits[c] / (occurs[c] + named[c]);
        }

        return new ClassificationMetrics((double)hits.Sum() / truth.Length, f1.Average(), f1, truth.Length);
    }
}
