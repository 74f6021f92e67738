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
    Task GrantedAsync(HeldJob grant, long incarnation);

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
