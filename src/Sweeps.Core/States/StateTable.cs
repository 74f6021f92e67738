using System.Collections.Frozen;

namespace Sweeps.Core.States;

/// <summary>The one table of legal transitions. Whatever is not in it is refused before it reaches the ledger.</summary>
public static class StateTable
{
    /// <summary>Legal transitions of a job: (from, transition) to the new state.</summary>
    public static FrozenDictionary<(JobState From, JobTransition Transition), JobState> Jobs { get; } =
        new Dictionary<(JobState, JobTransition), JobState>
        {
            [(JobState.Queued, JobTransition.Lease)] = JobState.Leased,
            [(JobState.Queued, JobTransition.Pause)] = JobState.Paused,
            [(JobState.Queued, JobTransition.Stop)] = JobState.Stopped,
            [(JobState.Queued, JobTransition.Cancel)] = JobState.Cancelled,

            [(JobState.Leased, JobTransition.Start)] = JobState.Running,
            [(JobState.Leased, JobTransition.Requeue)] = JobState.Queued,
            [(JobState.Leased, JobTransition.Pause)] = JobState.Paused,
            [(JobState.Leased, JobTransition.Complete)] = JobState.Completed,
            [(JobState.Leased, JobTransition.Fail)] = JobState.Failed,
            [(JobState.Leased, JobTransition.Stop)] = JobState.Stopped,
            [(JobState.Leased, JobTransition.Cancel)] = JobState.Cancelled,

            [(JobState.Running, JobTransition.Requeue)] = JobState.Queued,
            [(JobState.Running, JobTransition.Pause)] = JobState.Paused,
            [(JobState.Running, JobTransition.Complete)] = JobState.Completed,
            [(JobState.Running, JobTransition.Fail)] = JobState.Failed,
            [(JobState.Running, JobTransition.Stop)] = JobState.Stopped,
            [(JobState.Running, JobTransition.Cancel)] = JobState.Cancelled,

            [(JobState.Paused, JobTransition.Resume)] = JobState.Queued,
            [(JobState.Paused, JobTransition.Stop)] = JobState.Stopped,
            [(JobState.Paused, JobTransition.Cancel)] = JobState.Cancelled,

            [(JobState.Failed, JobTransition.Retry)] = JobState.Queued,
            [(JobState.Cancelled, JobTransition.Retry)] = JobState.Queued,
        }.ToFrozenDictionary();

    /// <summary>Legal transitions of a sweep: (from, transition) to the new state.</summary>
    public static FrozenDictionary<(SweepState From, SweepTransition Transition), SweepState> Sweeps { get; } =
        new Dictionary<(SweepState, SweepTransition), SweepState>
        {
            [(SweepState.Preflight, SweepTransition.Start)] = SweepState.Running,
            [(SweepState.Preflight, SweepTransition.Pause)] = SweepState.Paused,
            [(SweepState.Preflight, SweepTransition.Fail)] = SweepState.Failed,
            [(SweepState.Preflight, SweepTransition.Cancel)] = SweepState.Cancelled,

            [(SweepState.Running, SweepTransition.Pause)] = SweepState.Paused,
            [(SweepState.Running, SweepTransition.Score)] = SweepState.Scoring,
            [(SweepState.Running, SweepTransition.Complete)] = SweepState.Completed,
            [(SweepState.Running, SweepTransition.Fail)] = SweepState.Failed,
            [(SweepState.Running, SweepTransition.Cancel)] = SweepState.Cancelled,

            [(SweepState.Paused, SweepTransition.ResumePreflight)] = SweepState.Preflight,
            [(SweepState.Paused, SweepTransition.Resume)] = SweepState.Running,
            [(SweepState.Paused, SweepTransition.Cancel)] = SweepState.Cancelled,

            [(SweepState.Scoring, SweepTransition.Complete)] = SweepState.Completed,
            [(SweepState.Scoring, SweepTransition.Cancel)] = SweepState.Cancelled,

            [(SweepState.Failed, SweepTransition.Reopen)] = SweepState.Running,
            [(SweepState.Cancelled, SweepTransition.Reopen)] = SweepState.Running,
        }.ToFrozenDictionary();

    /// <summary>Whether a job in this state has ended (a retry may still reopen failed and cancelled ones).</summary>
    public static bool HasEnded(this JobState state) =>
        state is JobState.Completed or JobState.Failed or JobState.Stopped or JobState.Cancelled;

    /// <summary>Whether a job in this state holds a lease.</summary>
    public static bool IsHeld(this JobState state) => state is JobState.Leased or JobState.Running;

    /// <summary>Whether a sweep in this state has ended.</summary>
    public static bool HasEnded(this SweepState state) =>
        state is SweepState.Completed or SweepState.Failed or SweepState.Cancelled;

    /// <summary>The state after a transition.</summary>
    /// <exception cref="InvalidOperationException">The transition is not legal from that state.</exception>
    public static JobState Next(this JobState from, JobTransition transition) =>
        Jobs.TryGetValue((from, transition), out var to)
            ? to
            : throw new InvalidOperationException($"a job that is {from} cannot {transition}");

    /// <summary>The state after a transition.</summary>
    /// <exception cref="InvalidOperationException">The transition is not legal from that state.</exception>
    public static SweepState Next(this SweepState from, SweepTransition transition) =>
        Sweeps.TryGetValue((from, transition), out var to)
            ? to
            : throw new InvalidOperationException($"a sweep that is {from} cannot {transition}");
}
