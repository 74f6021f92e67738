using Sweeps.Core.Ids;

namespace Sweeps.Abstractions.Dispatch;

/// <summary>
/// Brings free slots and ready jobs together; key: the pool (<c>default</c>). Memory only, reentrant, rebuilt from the
/// sweeps' pulses: what it forgets is only slower.
/// </summary>
public interface IDispatcherGrain : IGrainWithStringKey
{
    /// <summary>
    /// A free slot waits up to 10 s for a job. The offer lapses after 3 s unless it is leased. The same request asked
    /// again gets the same offer.
    /// </summary>
    [ResponseTimeout("00:00:12")]
    Task<JobId?> WaitForJobAsync(SlotRequest request);

    /// <summary>
    /// Replaces the sweep's ready jobs: those that may be leased now, best first (front ones first), already cut to the
    /// sweep's concurrency.
    /// </summary>
    [ResponseTimeout("00:00:03")]
    Task SetReadyAsync(ReadyList list);

    /// <summary>The job is leased, or can't be: its offer is settled.</summary>
    /// <param name="job">The job.</param>
    /// <param name="change">Change number of the commit that settled it: lists drawn up before it do not bring it back; 0: none.</param>
    [ResponseTimeout("00:00:03")]
    Task SettleAsync(JobId job, long change);

    /// <summary>
    /// A job is ready to go on at once (the first retry after a crash): told before the slot that lost it is answered, so
    /// that the same slot takes it and not the next in the queue.
    /// </summary>
    /// <param name="job">The job, a front one.</param>
    /// <param name="change">Change number of the commit that made it ready: lists drawn up before it do not take it away.</param>
    [ResponseTimeout("00:00:03")]
    Task FrontAsync(ReadyJob job, long change);

    /// <summary>A worker drains: its slots wait no longer, and what they were offered goes to others at once.</summary>
    [ResponseTimeout("00:00:03")]
    Task LeaveAsync(string worker, long incarnation);

    /// <summary>Jobs ready and slots waiting; for metrics.</summary>
    Task<DispatcherStatus> StatusAsync();
}

/// <summary>A free slot.</summary>
/// <param name="Worker">Worker.</param>
/// <param name="Incarnation">Its incarnation.</param>
/// <param name="Slot">Slot.</param>
/// <param name="Request">Number of the request, growing with each new one of this slot.</param>
[Immutable]
public sealed record SlotRequest(string Worker, long Incarnation, int Slot, long Request);

/// <summary>A sweep's ready jobs.</summary>
/// <param name="Sweep">Sweep.</param>
/// <param name="Seen">Change number that the list was drawn up at.</param>
/// <param name="Jobs">Jobs, best first.</param>
[Immutable]
public sealed record ReadyList(string Sweep, long Seen, IReadOnlyList<ReadyJob> Jobs);

/// <summary>A job that may be leased now.</summary>
/// <param name="Job">Job.</param>
/// <param name="Front">Goes before all that are not front.</param>
/// <param name="PreferWorker">Worker that held it last; null: any.</param>
/// <param name="PreferSlot">Slot that held it last; null: any.</param>
[Immutable]
public sealed record ReadyJob(JobId Job, bool Front, string? PreferWorker, int? PreferSlot);

/// <summary>How the pool stands.</summary>
[Immutable]
public sealed record DispatcherStatus(int Ready, int WaitingSlots);

/// <summary>Pools of slots.</summary>
public static class DispatcherPools
{
    /// <summary>The one pool there is.</summary>
    public const string Default = "default";
}
