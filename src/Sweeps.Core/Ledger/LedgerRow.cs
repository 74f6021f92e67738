namespace Sweeps.Core.Ledger;

/// <summary>
/// A row of the ledger. Times are Unix milliseconds (UTC); durations are seconds; absent numbers are null. Every row
/// that a commit writes gets that commit's change number.
/// </summary>
public abstract record LedgerRow
{
    /// <summary>The change number of the commit that last wrote the row; set by the ledger.</summary>
    public long Change { get; init; }
}

/// <summary>
/// A row with a version. In a commit, <see cref="Version"/> is the version that the writer has read (0: the row must
/// not exist yet); the ledger refuses the whole commit when it differs, and stores the next one.
/// </summary>
public abstract record VersionedRow : LedgerRow
{
    /// <summary>Version read (in a commit) or held (in an answer). The first one is 1.</summary>
    public long Version { get; init; }
}
