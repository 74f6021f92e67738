using Sweeps.Core.Ids;

namespace Sweeps.Core.Ledger;

/// <summary>
/// The durable rows: the one truth. Thread-safe. A commit that is answered is on disk. Any exception of a commit means
/// that its outcome is unknown: the caller drops what it remembers and reads again.
/// </summary>
/// <remarks>Contract: the conformance suite <c>LedgerConformance</c> in the tests; every store passes it.</remarks>
public interface ILedger
{
    /// <summary>Writes one transition, atomically and durably, or refuses it when a version is stale.</summary>
    /// <exception cref="LedgerFullException">The disk is full; nothing was written.</exception>
    Task<CommitResult> CommitAsync(LedgerCommit commit, CancellationToken cancellation = default);

    /// <summary>A sweep, or null.</summary>
    Task<SweepRow?> FindSweepAsync(string sweep, CancellationToken cancellation = default);

    /// <summary>The sweep launched with this client id, or null.</summary>
    Task<SweepRow?> FindLaunchAsync(string clientId, CancellationToken cancellation = default);

    /// <summary>Ids of all sweeps that have not ended.</summary>
    Task<IReadOnlyList<string>> UnfinishedSweepsAsync(CancellationToken cancellation = default);

    /// <summary>A job with what its grain needs, or null.</summary>
    Task<JobRecord?> FindJobAsync(JobId job, CancellationToken cancellation = default);

    /// <summary>
    /// The sweep's jobs whose rows changed after <paramref name="aboveChange"/> (0: all), by change number. One query;
    /// 100,000 jobs in under a second.
    /// </summary>
    Task<IReadOnlyList<JobRow>> JobsAsync(string sweep, long aboveChange = 0, CancellationToken cancellation = default);

    /// <summary>The inputs pinned for a sweep.</summary>
    Task<IReadOnlyList<InputRow>> InputsAsync(string sweep, CancellationToken cancellation = default);

    /// <summary>A scheduler's decision, or null.</summary>
    Task<DecisionRow?> FindDecisionAsync(string sweep, int trial, int step, CancellationToken cancellation = default);

    /// <summary>A worker, or null.</summary>
    Task<WorkerRow?> FindWorkerAsync(string worker, CancellationToken cancellation = default);

    /// <summary>Every checkpoint row of a sweep, whatever its status (for the janitor).</summary>
    Task<IReadOnlyList<CheckpointRow>> CheckpointsAsync(string sweep, CancellationToken cancellation = default);

    /// <summary>Every SHA-256 that an input of a sweep not removed names (for the janitor).</summary>
    Task<IReadOnlySet<string>> PinnedObjectsAsync(CancellationToken cancellation = default);
}

/// <summary>A job with the rows that its grain works on.</summary>
/// <param name="Job">The job.</param>
/// <param name="Trial">The trial it works on; null for a preflight, whose settings lie in <paramref name="Settings"/> all the same.</param>
/// <param name="Settings">The settings as JSON (<see cref="Spec.TrialSettings"/>).</param>
/// <param name="Checkpoints">Its trial's kept and bad checkpoints, newest first (for an evaluation: the chosen trial's).</param>
/// <param name="OpenAttempt">The attempt <see cref="JobRow.Attempt"/>; null before the first.</param>
public sealed record JobRecord(
    JobRow Job,
    TrialRow? Trial,
    string Settings,
    IReadOnlyList<CheckpointRow> Checkpoints,
    AttemptRow? OpenAttempt);

/// <summary>The disk has no room for the commit. Nothing was written.</summary>
public sealed class LedgerFullException : IOException
{
    /// <summary>Says so.</summary>
    public LedgerFullException()
        : base("the disk that holds the ledger is full")
    {
    }

    /// <summary>Says so.</summary>
    public LedgerFullException(string message)
        : base(message)
    {
    }

    /// <summary>Says so, with the store's own error.</summary>
    public LedgerFullException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
