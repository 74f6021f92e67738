namespace Sweeps.Grains.Trials;

/// <summary>What <see cref="Core.Ledger.EvaluationRow.MetricsJson"/> holds.</summary>
/// <param name="F1">F1 of each class by label.</param>
/// <param name="Rows">Rows scored.</param>
internal sealed record EvaluationDetails(IReadOnlyDictionary<string, double> F1, int Rows);
