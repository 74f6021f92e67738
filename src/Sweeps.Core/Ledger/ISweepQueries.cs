using Sweeps.Core.Ids;

namespace Sweeps.Core.Ledger;

/// <summary>What people and pages read. Rows as they are, never through a grain.</summary>
public interface ISweepQueries
{
    /// <summary>Sweeps not removed, newest first.</summary>
    Task<IReadOnlyList<SweepRow>> SweepsAsync(CancellationToken cancellation = default);

    /// <summary>A sweep by id, or by an unambiguous beginning of it, or by <c>last</c>; null when there is none.</summary>
    Task<SweepRow?> ResolveSweepAsync(string idOrPrefix, CancellationToken cancellation = default);

    /// <summary>Trials of a sweep with their jobs and the evaluations of their best step, by number.</summary>
    Task<IReadOnlyList<TrialView>> TrialsAsync(string sweep, CancellationToken cancellation = default);

    /// <summary>Evaluations of one job, by step.</summary>
    Task<IReadOnlyList<EvaluationRow>> EvaluationsAsync(JobId job, CancellationToken cancellation = default);

    /// <summary>Attempts of one job, by number.</summary>
    Task<IReadOnlyList<AttemptRow>> AttemptsAsync(JobId job, CancellationToken cancellation = default);

    /// <summary>The loss curve of one job, by step.</summary>
    Task<IReadOnlyList<MetricPointRow>> PointsAsync(JobId job, CancellationToken cancellation = default);

    /// <summary>Events of a sweep (null: of all) above a number, oldest first, at most <paramref name="limit"/>.</summary>
    Task<IReadOnlyList<EventRow>> EventsAsync(string? sweep, long aboveNumber, int limit, CancellationToken cancellation = default);

    /// <summary>Workers by name.</summary>
    Task<IReadOnlyList<WorkerRow>> WorkersAsync(CancellationToken cancellation = default);

    /// <summary>Failed attempts by class, in all sweeps; for metrics.</summary>
    Task<IReadOnlyDictionary<string, long>> FailuresByClassAsync(CancellationToken cancellation = default);

    /// <summary>Jobs of kind train of unfinished and finished sweeps by state; for metrics.</summary>
    Task<IReadOnlyDictionary<string, long>> TrialsByStateAsync(CancellationToken cancellation = default);
}

/// <summary>A trial as the leaderboard shows it.</summary>
/// <param name="Trial">The point.</param>
/// <param name="Job">Its train job.</param>
/// <param name="Decisions">
/// Its validation evaluations at the best step: the plain decision first, then the variants by name; empty before the first.
/// </param>
public sealed record TrialView(TrialRow Trial, JobRow Job, IReadOnlyList<EvaluationRow> Decisions);
