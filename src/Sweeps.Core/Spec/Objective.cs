using Sweeps.Core.Ledger;
using Sweeps.Core.Trainer;

namespace Sweeps.Core.Spec;

/// <summary>What is optimised, on the validation rows.</summary>
/// <param name="Metric"><c>macro_f1</c>, <c>accuracy</c> or <c>loss</c>.</param>
/// <param name="Maximize">Whether more is better.</param>
public sealed record Objective(string Metric, bool Maximize)
{
    /// <summary>Its value in an evaluation; null when that has none or it is not finite.</summary>
    /// <exception cref="ArgumentException">An unknown metric.</exception>
    public double? Of(double? macroF1, double? accuracy, double? loss)
    {
        var value = Metric switch
        {
            "macro_f1" => macroF1,
            "accuracy" => accuracy,
            "loss" => loss,
            _ => throw new ArgumentException($"'{Metric}' is no metric: macro_f1, accuracy and loss are"),
        };
        return value is { } v && double.IsFinite(v) ? v : null;
    }

    /// <summary>Its value in an evaluation that a trainer offers.</summary>
    public double? Of(OfferedEvaluation evaluation) => Of(evaluation.MacroF1, evaluation.Accuracy, evaluation.Loss);

    /// <summary>Its value in a committed evaluation.</summary>
    public double? Of(EvaluationRow evaluation) => Of(evaluation.MacroF1, evaluation.Accuracy, evaluation.Loss);

    /// <summary>Whether a value beats the best so far. Only strictly better wins, so that of equals the first stays.</summary>
    public bool IsBetter(double value, double? best) =>
        double.IsFinite(value) && (best is not { } former || (Maximize ? value > former : value < former));

    /// <summary>
    /// The decision that a checkpoint is judged by, among all that were scored from its weights: the plain one, unless
    /// another does strictly better.
    /// </summary>
    /// <param name="decisions">Evaluations of one checkpoint on one split.</param>
    /// <param name="variant">Name of one's decision, see <see cref="VariantSettings"/>.</param>
    /// <param name="value">One's value of the objective.</param>
    /// <returns>Null when none has a value.</returns>
    public T? Best<T>(IEnumerable<T> decisions, Func<T, string> variant, Func<T, double?> value)
        where T : class
    {
        T? best = null;
        double? most = null;
        foreach (var decision in decisions.OrderBy(d => variant(d) != VariantSettings.Plain).ThenBy(variant, StringComparer.Ordinal))
        {
            if (value(decision) is { } own && IsBetter(own, most))
            {
                (best, most) = (decision, own);
            }
        }

        return best;
    }
}
