namespace Sweeps.Grains.Trials;

/// <summary>What <see cref="Core.Ledger.EvaluationRow.MetricsJson"/> holds.</summary>
/// <param name="F1">F1 of each class by label.</param>
/// <param name="Rows">Rows scored.</param>
/// <param name="MicroF1">Micro F1 where rows have any number of labels; else null.</param>
internal sealed record EvaluationDetails(IReadOnlyDictionary<string, double> F1, int Rows, double? MicroF1 = null);
