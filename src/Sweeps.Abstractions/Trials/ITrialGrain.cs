using Sweeps.Core.Ids;
using Sweeps.Core.States;
using Sweeps.Core.Trainer;

namespace Sweeps.Abstractions.Trials;

/// <summary>
/// One job and all its attempts; key: the job's text form (<c>SWEEP/train/12</c>). A train job is its trial; preflight
/// and evaluation jobs are leased by the same rules. Behaviour over the ledger's rows: nothing is held that the rows do
/// not say, but the lease's timer and the live progress.
/// </summary>
public interface ITrialGrain : IGrainWithStringKey
{
    /// <summary>Grants the job to a slot, or says why not. The same (worker, incarnation, slot, request) gets the same grant again.</summary>
    [ResponseTimeout("00:00:03")]
    Task<LeaseAnswer> LeaseAsync(LeaseRequest request);

    /// <summary>The holder lives. Writes nothing (but the first one of an attempt). Interleaves with everything.</summary>
    [ResponseTimeout("00:00:03")]
    Task<HeartbeatAnswer> HeartbeatAsync(HeartbeatRequest request);

    /// <summary>A checkpoint, an event or the attempt's end. The same sequence again changes nothing and gets the same answer.</summary>
    [ResponseTimeout("00:00:03")]
    Task<ReportAnswer> ReportAsync(Report report);

    /// <summary>A person's wish for this trial alone. Idempotent.</summary>
    Task<WishAnswer> WishAsync(Wanted wanted);

    /// <summary>Another go for a failed or cancelled job. Idempotent.</summary>
    Task<WishAnswer> RetryAsync();

    /// <summary>
    /// A hint: the sweep's row changed, the worker's incarnation ended, or a pulse. The grain reads what it needs and
    /// sees to it that a lease timer runs.
    /// </summary>
    /// <param name="lostIncarnation">Worker and incarnation that ended, or null.</param>
    [ResponseTimeout("00:00:03")]
    Task PokeAsync(WorkerLife? lostIncarnation);

    /// <summary>The slot's worker says twice that it does not hold this attempt: it is released free of charge.</summary>
    [ResponseTimeout("00:00:03")]
    Task DisownAsync(int attempt);

    /// <summary>What pages show while it runs; null fields when nothing is known.</summary>
    [ResponseTimeout("00:00:03")]
    Task<LiveTrial> LiveAsync();
}

/// <summary>One life of a worker.</summary>
[Immutable]
public sealed record WorkerLife(string Worker, long Incarnation);

/// <summary>A slot asks for a job.</summary>
[Immutable]
public sealed record LeaseRequest(string Worker, long Incarnation, int Slot, long Request, string Machine);

/// <summary>The grant, or why there is none.</summary>
/// <param name="Granted">Whether the attempt is this slot's.</param>
/// <param name="Assignment">What to do, with relative folders; null when not granted.</param>
/// <param name="Reason">Why not; null when granted.</param>
[Immutable]
public sealed record LeaseAnswer(bool Granted, JobAssignment? Assignment, string? Reason);

/// <summary>The holder lives.</summary>
/// <param name="Attempt">Its attempt.</param>
/// <param name="Progress">The trainer's latest progress; null before the first.</param>
[Immutable]
public sealed record HeartbeatRequest(int Attempt, WorkerLife Life, int Slot, ProgressFrame? Progress);

/// <summary>Whether the lease holds, and what to do.</summary>
/// <param name="Fenced">The attempt is not the current one, or has ended: abandon it.</param>
/// <param name="Wanted">What is wanted: run, or checkpoint and release (pause, stop, cancel).</param>
[Immutable]
public sealed record HeartbeatAnswer(bool Fenced, Wanted Wanted);

/// <summary>Something that the ledger must know.</summary>
[Immutable]
public sealed record Report
{
    /// <summary>The reporter's attempt.</summary>
    public required int Attempt { get; init; }

    /// <summary>Number of the report in this attempt, from 1, without holes.</summary>
    public required long Sequence { get; init; }

    /// <summary>A checkpoint and what it carries.</summary>
    public OfferFrame? Offer { get; init; }

    /// <summary>An event.</summary>
    public EventFrame? Event { get; init; }

    /// <summary>The end of the attempt.</summary>
    public AttemptEnd? End { get; init; }
}

/// <summary>How an attempt ended.</summary>
/// <param name="Outcome">What ended it.</param>
/// <param name="Failure">Class, when failed.</param>
/// <param name="Message">Words for people; null when there are none.</param>
/// <param name="FinalSha256">Hash of the final weights, when completed.</param>
/// <param name="BestSha256">Hash of the best weights, when completed.</param>
[Immutable]
public sealed record AttemptEnd(
    AttemptOutcome Outcome,
    FailureClass? Failure = null,
    string? Message = null,
    string? FinalSha256 = null,
    string? BestSha256 = null);

/// <summary>What ended an attempt.</summary>
public enum AttemptOutcome
{
    /// <summary>The job is done.</summary>
    Completed,

    /// <summary>It failed; a retry may follow.</summary>
    Failed,

    /// <summary>Given back free of charge: a drain, a wish, a grant that never reached its slot.</summary>
    Released,
}

/// <summary>The answer to a report.</summary>
/// <param name="Fenced">The attempt is stale: nothing was written; abandon it.</param>
/// <param name="Wanted">What is wanted.</param>
[Immutable]
public sealed record ReportAnswer(bool Fenced, Wanted Wanted);

/// <summary>The answer to a wish.</summary>
/// <param name="Done">Whether the wish is durable.</param>
/// <param name="Message">What it means, or why not.</param>
[Immutable]
public sealed record WishAnswer(bool Done, string Message);

/// <summary>A running trial as pages show it.</summary>
/// <param name="Job">The job.</param>
/// <param name="State">Its state.</param>
/// <param name="Attempt">Its attempt.</param>
/// <param name="Slot">Worker and slot, for people; null when not held.</param>
/// <param name="Progress">Latest progress; null before the first.</param>
[Immutable]
public sealed record LiveTrial(JobId Job, JobState State, int Attempt, string? Slot, ProgressFrame? Progress);
