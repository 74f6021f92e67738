using Sweeps.Core.Trainer;

namespace Sweeps.Training.Metrics;

/// <summary>The metric that chooses the best checkpoint.</summary>
/// <param name="Metric"><c>macro_f1</c>, <c>accuracy</c> or <c>loss</c>.</param>
/// <param name="Maximize">Whether more is better.</param>
public sealed record Objective(string Metric, bool Maximize)
{
    /// <summary>Its value in an evaluation.</summary>
    /// <exception cref="ArgumentException">An unknown metric.</exception>
    public double Of(OfferedEvaluation evaluation) => Metric switch
    {
        "macro_f1" => evaluation.MacroF1,
        "accuracy" => evaluation.Accuracy,
        "loss" => evaluation.Loss,
        _ => throw new ArgumentException($"'{Metric}' is no metric: macro_f1, accuracy and loss are"),
    };

    /// <summary>Whether a value beats the best so far. Only strictly better wins, so that of equals the first stays.</summary>
    public bool IsBetter(double value, double? best) =>
        best is not { } former || (Maximize ? value > former : value < former);
}
