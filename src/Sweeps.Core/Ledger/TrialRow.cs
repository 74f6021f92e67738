namespace Sweeps.Core.Ledger;

/// <summary>A point of the search space. Key: (sweep, number). Its state is its train job's.</summary>
public sealed record TrialRow : LedgerRow
{
    /// <summary>Sweep.</summary>
    public required string Sweep { get; init; }

    /// <summary>Number, from 1, in the planner's order.</summary>
    public required int Number { get; init; }

    /// <summary>The swept axes' values as a JSON object, in the spec's order (axes that do not apply are absent).</summary>
    public required string PointJson { get; init; }

    /// <summary>All settings of the trial as JSON (<see cref="Spec.TrialSettings"/>).</summary>
    public required string SettingsJson { get; init; }
}
