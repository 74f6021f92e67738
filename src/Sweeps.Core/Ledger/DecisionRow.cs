namespace Sweeps.Core.Ledger;

/// <summary>A trial scheduler's decision. Key: (sweep, trial, step); written once.</summary>
public sealed record DecisionRow : LedgerRow
{
    /// <summary>Sweep.</summary>
    public required string Sweep { get; init; }

    /// <summary>Trial.</summary>
    public required int Trial { get; init; }

    /// <summary>Step decided at.</summary>
    public required int Step { get; init; }

    /// <summary><c>continue</c> or <c>stop</c>.</summary>
    public required string Decision { get; init; }

    /// <summary>Why.</summary>
    public string? Reason { get; init; }
}
