namespace Sweeps.Core.Spec;

/// <summary>One fixed line beside the grid: a trial of its own settings, or a result that was made elsewhere.</summary>
/// <param name="Name">Its name, unique in the spec.</param>
/// <param name="Settings">Settings that differ from the spec's fixed ones, by name; empty for an external result.</param>
/// <param name="External">A result made elsewhere; null: it is a trial.</param>
public sealed record ArmSpec(string Name, IReadOnlyList<KeyValuePair<string, object>> Settings, ExternalResult? External = null);

/// <summary>
/// Metrics that were measured elsewhere, shown in the leaderboard. What is not known is left out of JSON, so it is optional here.
/// </summary>
/// <param name="Name">Name of the arm.</param>
/// <param name="MacroF1">Macro F1, 0 to 1; null: not known.</param>
/// <param name="Accuracy">Accuracy, 0 to 1; null: not known.</param>
/// <param name="Loss">Mean loss; null: not known.</param>
/// <param name="File">File of predictions of the test rows that it is computed from; null: the metrics were given.</param>
public sealed record ExternalResult(
    string Name, double? MacroF1 = null, double? Accuracy = null, double? Loss = null, string? File = null);

/// <summary>A variant as the spec has it, by label.</summary>
/// <param name="Name">Its name, unique in the spec.</param>
/// <param name="MultiplyLogit">Factor a label; labels not named keep theirs. Null: none.</param>
/// <param name="Rest">All but the factors.</param>
public sealed record VariantSpec(string Name, IReadOnlyDictionary<string, double>? MultiplyLogit, VariantSettings Rest);
