using Sweeps.Core.Ids;

namespace Sweeps.Core.Ledger;

/// <summary>Something that happened. Append only.</summary>
public sealed record EventRow : LedgerRow
{
    /// <summary>Running number; set by the ledger.</summary>
    public long Number { get; init; }

    /// <summary>At.</summary>
    public required long At { get; init; }

    /// <summary>Sweep; null for a worker's event.</summary>
    public string? Sweep { get; init; }

    /// <summary>Job; null for a sweep's or worker's event.</summary>
    public JobId? Job { get; init; }

    /// <summary>Attempt; null when none is meant.</summary>
    public int? Attempt { get; init; }

    /// <summary>Kind, kebab-case: a transition's name, or <c>checkpoint-bad</c>, <c>replay-differs</c>, <c>lease-lost</c>, ...</summary>
    public required string Kind { get; init; }

    /// <summary>Words for people.</summary>
    public required string Message { get; init; }

    /// <summary>Details as JSON; null when there are none.</summary>
    public string? DataJson { get; init; }
}
