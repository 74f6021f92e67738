using Sweeps.Abstractions.Dispatch;
using Sweeps.Abstractions.Trials;
using Sweeps.Abstractions.Workers;
using Sweeps.Core.Ids;

namespace Sweeps.Worker.Calls;

/// <summary>
/// All that a worker asks of the cluster, so that tests can lose, delay and repeat answers. Any exception means that the
/// outcome is unknown; the caller asks again with the same numbers.
/// </summary>
internal interface IWorkerCalls
{
    Task<long> RegisterAsync(WorkerRegistration registration);

    Task<WorkerBeatAnswer> BeatAsync(WorkerBeat beat);

    Task<Nudge> WaitForNudgeAsync(long incarnation);

    /// <summary>The worker drains: calls of it that wait for work or nudges end.</summary>
    Task LeaveAsync(WorkerLife life);

    Task<JobId?> WaitForJobAsync(SlotRequest request);

    Task<LeaseAnswer> LeaseAsync(JobId job, LeaseRequest request);

    Task<HeartbeatAnswer> HeartbeatAsync(JobId job, HeartbeatRequest request);

    Task<ReportAnswer> ReportAsync(JobId job, Report report);
}
