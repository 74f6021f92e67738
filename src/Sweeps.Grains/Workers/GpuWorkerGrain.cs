using Microsoft.Extensions.Logging;
using Orleans.Concurrency;
using Sweeps.Abstractions;
using Sweeps.Abstractions.Trials;
using Sweeps.Abstractions.Workers;
using Sweeps.Core.Ids;
using Sweeps.Core.Ledger;
using Sweeps.Grains.Logic;

namespace Sweeps.Grains.Workers;

/// <summary>The grain over <see cref="WorkerLogic"/>. Reentrant: the worker waits in it for nudges.</summary>
[Reentrant]
internal sealed class GpuWorkerGrain(
    ILedger ledger, LeaseOptions options, TimeProvider time, ILogger<GpuWorkerGrain> logger)
    : LogicGrain, IGpuWorkerGrain, IWorkerPeers
{
    private WorkerLogic _logic = null!;

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _logic = new WorkerLogic(this.GetPrimaryKeyString(), ledger, this, options, time, logger);
        Every(options.Tick, () =>
        {
            _logic.Tick();
            return Task.CompletedTask;
        });
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<long> RegisterAsync(WorkerRegistration registration) =>
        GuardAsync(() => _logic.RegisterAsync(registration));

    /// <inheritdoc/>
    public Task<WorkerBeatAnswer> BeatAsync(WorkerBeat beat) => GuardAsync(() => _logic.BeatAsync(beat));

    /// <inheritdoc/>
    public Task GrantedAsync(HeldJob grant, long incarnation)
    {
        _logic.Granted(grant, incarnation);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<Nudge> WaitForNudgeAsync(long incarnation) => GuardAsync(() => _logic.WaitForNudgeAsync(incarnation));

    /// <inheritdoc/>
    public Task NudgeAsync(JobId job, long incarnation)
    {
        _logic.Nudge(job, incarnation);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task LeaveAsync(long incarnation)
    {
        _logic.Leave(incarnation);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task SiloDiedAsync() => GuardAsync(() => _logic.SiloDiedAsync());

    /// <inheritdoc/>
    public Task<LiveWorker?> LiveAsync() => Task.FromResult(_logic.Live());

    void IWorkerPeers.LifeEnded(JobId job, WorkerLife life) =>
        Hints.Send(() => GrainFactory.GetGrain<ITrialGrain>(job.ToString()).PokeAsync(life), logger);

    void IWorkerPeers.Disown(JobId job, int attempt) =>
        Hints.Send(() => GrainFactory.GetGrain<ITrialGrain>(job.ToString()).DisownAsync(attempt), logger);
}
