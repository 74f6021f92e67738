using Sweeps.Abstractions.Trials;
using Sweeps.Core.Ids;

namespace Sweeps.Abstractions.Workers;

/// <summary>The record of a worker; key: its stable name. The worker itself is a hosted service that calls in.</summary>
public interface IGpuWorkerGrain : IGrainWithStringKey
{
    /// <summary>Raises the incarnation by one commit, and ends the leases of the former one early. The same token gets the same incarnation.</summary>
    [ResponseTimeout("00:00:03")]
    Task<long> RegisterAsync(WorkerRegistration registration);

    /// <summary>
    /// The worker lives and holds these jobs. A grant that is missing from two beats in a row is released free of charge.
    /// Writes nothing.
    /// </summary>
    [ResponseTimeout("00:00:03")]
    Task<WorkerBeatAnswer> BeatAsync(WorkerBeat beat);

    /// <summary>A slot was granted this job (from the trial grain), so that a grant that never arrived is noticed.</summary>
    [ResponseTimeout("00:00:03")]
    Task GrantedAsync(HeldJob grant, long incarnation);

    /// <summary>
    /// Waits up to 10 s for wishes that concern jobs of this worker, and answers with those jobs: their holder sends a
    /// heartbeat at once, so that a pause or cancel arrives within a second. A hint that may be lost: the next
    /// heartbeat brings the same wish. Empty after 10 s, or when the incarnation is not the current one.
    /// </summary>
    [ResponseTimeout("00:00:12")]
    Task<Nudge> WaitForNudgeAsync(long incarnation);

    /// <summary>A wish concerns this job, which the worker's incarnation holds.</summary>
    [ResponseTimeout("00:00:03")]
    Task NudgeAsync(JobId job, long incarnation);

    /// <summary>The worker drains: it waits for nudges no longer. A call that waits keeps its silo from ending.</summary>
    [ResponseTimeout("00:00:03")]
    Task LeaveAsync(long incarnation);

    /// <summary>Membership declared the worker's silo dead: ends the leases of its current incarnation early.</summary>
    Task SiloDiedAsync();

    /// <summary>What pages show; null when it never registered with this activation.</summary>
    Task<LiveWorker?> LiveAsync();
}

/// <summary>A worker's first words.</summary>
/// <param name="Token">Random, one a life of the process: repeats get the same incarnation.</param>
/// <param name="Host">Host name.</param>
/// <param name="ProcessId">Silo's process id.</param>
/// <param name="Slots">Slots.</param>
/// <param name="Machine">LibTorch, CPU capability, threads a slot.</param>
/// <param name="Devices">Devices, for people.</param>
[Immutable]
public sealed record WorkerRegistration(string Token, string Host, int ProcessId, int Slots, string Machine, string Devices);

/// <summary>A job in a slot.</summary>
[Immutable]
public sealed record HeldJob(JobId Job, int Attempt, int Slot);

/// <summary>The worker lives.</summary>
/// <param name="Incarnation">Its incarnation.</param>
/// <param name="Held">What its slots hold, leases not yet started included.</param>
/// <param name="Quarantined">Slots set aside, with the reason.</param>
[Immutable]
public sealed record WorkerBeat(long Incarnation, IReadOnlyList<HeldJob> Held, IReadOnlyDictionary<int, string> Quarantined);

/// <summary>Jobs whose holders heartbeat at once.</summary>
[Immutable]
public sealed record Nudge(IReadOnlyList<JobId> Jobs);

/// <summary>Whether the incarnation is still the current one.</summary>
[Immutable]
public sealed record WorkerBeatAnswer(bool Current);

/// <summary>A worker as pages show it.</summary>
[Immutable]
public sealed record LiveWorker(
    string Name,
    long Incarnation,
    int Slots,
    string Machine,
    string Devices,
    IReadOnlyList<HeldJob> Held,
    IReadOnlyDictionary<int, string> Quarantined);
