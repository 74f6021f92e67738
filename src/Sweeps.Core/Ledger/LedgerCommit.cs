using Sweeps.Core.Ids;

namespace Sweeps.Core.Ledger;

/// <summary>
/// One transition: all its rows are written in one transaction, or none. Versioned rows are compared and set (see
/// <see cref="VersionedRow"/>); rows keyed by content are inserted or replaced; events are appended.
/// </summary>
/// <param name="Name">The transition's name, for logs and measurements, e.g. <c>lease</c>.</param>
/// <param name="Rows">Rows to write, at least one.</param>
/// <param name="Guards">Rows that must still have the version the writer saw, without being written.</param>
public sealed record LedgerCommit(string Name, IReadOnlyList<LedgerRow> Rows, IReadOnlyList<VersionGuard>? Guards = null);

/// <summary>A versioned row that must not have changed: exactly one of the keys is set.</summary>
/// <param name="Version">The version the writer saw.</param>
/// <param name="Sweep">Key of a sweep.</param>
/// <param name="Job">Key of a job.</param>
/// <param name="Worker">Key of a worker.</param>
public sealed record VersionGuard(long Version, string? Sweep = null, JobId? Job = null, string? Worker = null);

/// <summary>How a commit ended. A commit that throws has an unknown outcome: read again.</summary>
/// <param name="Accepted">Whether it is durable. False: a version was stale, and nothing was written.</param>
/// <param name="Change">The commit's global, growing change number; 0 when refused.</param>
/// <param name="Conflict">What was stale, for logs; null when accepted.</param>
public sealed record CommitResult(bool Accepted, long Change, string? Conflict = null);
