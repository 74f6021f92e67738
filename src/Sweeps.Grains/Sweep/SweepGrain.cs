using Microsoft.Extensions.Logging;
using Orleans.Concurrency;
using Sweeps.Abstractions;
using Sweeps.Abstractions.Dispatch;
using Sweeps.Abstractions.Sweep;
using Sweeps.Abstractions.Trials;
using Sweeps.Core.Ids;
using Sweeps.Core.Ledger;
using Sweeps.Core.States;
using Sweeps.Grains.Logic;

namespace Sweeps.Grains.Sweep;

/// <summary>The grain over <see cref="SweepLogic"/>. Reentrant: the logic orders what writes.</summary>
[Reentrant]
internal sealed class SweepGrain(
    ILedger ledger, ILaunchPlanner planner, LeaseOptions options, TimeProvider time, ILogger<SweepGrain> logger)
    : LogicGrain, ISweepGrain, ISweepPeers
{
    private SweepLogic _logic = null!;

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _logic = new SweepLogic(this.GetPrimaryKeyString(), ledger, planner, this, time, logger);
        Every(options.Tick, () => _logic.TickAsync());
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<LaunchAnswer> LaunchAsync(LaunchRequest request) => GuardAsync(() => _logic.LaunchAsync(request));

    /// <inheritdoc/>
    public Task<WishAnswer> WishAsync(Wanted wanted) => GuardAsync(() => _logic.WishAsync(wanted));

    /// <inheritdoc/>
    public Task<WishAnswer> RetryAsync(int[]? trials) => GuardAsync(() => _logic.RetryAsync(trials));

    /// <inheritdoc/>
    public Task<WishAnswer> RemoveAsync() => GuardAsync(() => _logic.RemoveAsync());

    /// <inheritdoc/>
    public Task PokeAsync(long change) => GuardAsync(() => _logic.PokeAsync(change));

    /// <inheritdoc/>
    public async Task<LiveSweep> LiveAsync() =>
        await GuardAsync(() => _logic.LiveAsync())
        ?? throw new KeyNotFoundException($"there is no sweep {this.GetPrimaryKeyString()}");

    void ISweepPeers.PokeJob(JobId job) =>
        Hints.Send(() => GrainFactory.GetGrain<ITrialGrain>(job.ToString()).PokeAsync(null), logger);

    void ISweepPeers.SetReady(ReadyList list) =>
        Hints.Send(() => GrainFactory.GetGrain<IDispatcherGrain>(DispatcherPools.Default).SetReadyAsync(list), logger);

    async Task<LiveTrial?> ISweepPeers.LiveAsync(JobId job)
    {
        try
        {
            return await GrainFactory.GetGrain<ITrialGrain>(job.ToString()).LiveAsync();
        }
        catch (Exception e)
        {
            logger.LogDebug(e, "{Job} did not say how it stands", job);
            return null;
        }
    }
}
