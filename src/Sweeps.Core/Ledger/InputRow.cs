namespace Sweeps.Core.Ledger;

/// <summary>An input pinned at launch. Key: (sweep, role).</summary>
public sealed record InputRow : LedgerRow
{
    /// <summary>Sweep.</summary>
    public required string Sweep { get; init; }

    /// <summary><c>train</c>, <c>validation</c>, <c>test</c>, or <c>base/FILE</c> for a file of the base model.</summary>
    public required string Role { get; init; }

    /// <summary>The name it had (a path for a base model's file, which stays where it is).</summary>
    public required string Name { get; init; }

    /// <summary>SHA-256, lower-case hex. Data lie in the object store under it.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Size in bytes.</summary>
    public required long Bytes { get; init; }
}
