using Sweeps.Core.Ids;

namespace Sweeps.Core.Ledger;

/// <summary>A committed checkpoint. Key: (job, attempt, step).</summary>
public sealed record CheckpointRow : LedgerRow
{
    /// <summary>Job.</summary>
    public required JobId Job { get; init; }

    /// <summary>Attempt that wrote it.</summary>
    public required int Attempt { get; init; }

    /// <summary>Optimiser steps done.</summary>
    public required int Step { get; init; }

    /// <summary>Folder, relative to the home's <c>sweeps</c> folder.</summary>
    public required string Directory { get; init; }

    /// <summary>SHA-256 of its manifest, which lists every file's own.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Bytes of all its files.</summary>
    public required long Bytes { get; init; }

    /// <summary>Whether it is one to resume from (weights, optimiser, counters).</summary>
    public required bool HasState { get; init; }

    /// <summary>Whether it holds the best weights so far.</summary>
    public bool IsBest { get; init; }

    /// <summary>Whether it is the last of a completed job.</summary>
    public bool IsFinal { get; init; }

    /// <summary>Whether the ledger keeps it, has marked it bad, or has dropped it (the janitor may delete it).</summary>
    public required CheckpointStatus Status { get; init; }

    /// <summary>Committed at.</summary>
    public required long CommittedAt { get; init; }
}

/// <summary>What the ledger says of a checkpoint.</summary>
public enum CheckpointStatus
{
    /// <summary>Kept: last two, best or final.</summary>
    Kept,

    /// <summary>It did not verify; it is not used again.</summary>
    Bad,

    /// <summary>No longer needed; the janitor may delete its folder.</summary>
    Dropped,
}
