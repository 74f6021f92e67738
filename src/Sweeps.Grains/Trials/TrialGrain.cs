using Microsoft.Extensions.Logging;
using Orleans.Concurrency;
using Sweeps.Abstractions;
using Sweeps.Abstractions.Dispatch;
using Sweeps.Abstractions.Sweep;
using Sweeps.Abstractions.Trials;
using Sweeps.Abstractions.Workers;
using Sweeps.Core.Ids;
using Sweeps.Core.Ledger;
using Sweeps.Core.States;
using Sweeps.Grains.Logic;

namespace Sweeps.Grains.Trials;

/// <summary>The grain over <see cref="TrialLogic"/>. Reentrant: the logic orders what writes, heartbeats go between.</summary>
[Reentrant]
internal sealed class TrialGrain(
    ILedger ledger, ISweepQueries queries, LeaseOptions options, TimeProvider time, ILogger<TrialGrain> logger)
    : LogicGrain, ITrialGrain, ITrialPeers
{
    private TrialLogic _logic = null!;
    private IGrainTimer? _timer;

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _logic = new TrialLogic(
            JobId.Parse(this.GetPrimaryKeyString()), ledger, queries, this, options, time, Random.Shared, logger);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<LeaseAnswer> LeaseAsync(LeaseRequest request) => WatchedAsync(() => _logic.LeaseAsync(request));

    /// <inheritdoc/>
    public Task<HeartbeatAnswer> HeartbeatAsync(HeartbeatRequest request) =>
        WatchedAsync(() => _logic.HeartbeatAsync(request));

    /// <inheritdoc/>
    public Task<ReportAnswer> ReportAsync(Report report) => WatchedAsync(() => _logic.ReportAsync(report));

    /// <inheritdoc/>
    public Task<WishAnswer> WishAsync(Wanted wanted) => WatchedAsync(() => _logic.WishAsync(wanted));

    /// <inheritdoc/>
    public Task<WishAnswer> RetryAsync() => WatchedAsync(() => _logic.RetryAsync());

    /// <inheritdoc/>
    public Task PokeAsync(WorkerLife? lostIncarnation) => WatchedAsync(async () =>
    {
        await _logic.PokeAsync(lostIncarnation);
        return true;
    });

    /// <inheritdoc/>
    public Task DisownAsync(int attempt) => WatchedAsync(async () =>
    {
        await _logic.DisownAsync(attempt);
        return true;
    });

    /// <inheritdoc/>
    public Task<LiveTrial> LiveAsync() => Task.FromResult(_logic.Live());

    void ITrialPeers.JobChanged(string sweep, long change) =>
        Hints.Send(() => GrainFactory.GetGrain<ISweepGrain>(sweep).PokeAsync(change), logger);

    void ITrialPeers.Settled(JobId job, long change) =>
        Hints.Send(() => GrainFactory.GetGrain<IDispatcherGrain>(DispatcherPools.Default).SettleAsync(job, change), logger);

    void ITrialPeers.Front(JobId job, string? worker, int? slot, long change) =>
        Hints.Send(
            () => GrainFactory.GetGrain<IDispatcherGrain>(DispatcherPools.Default)
                .FrontAsync(new ReadyJob(job, Front: true, worker, slot), change),
            logger);

    void ITrialPeers.Granted(string worker, HeldJob grant, long incarnation) =>
        Hints.Send(() => GrainFactory.GetGrain<IGpuWorkerGrain>(worker).GrantedAsync(grant, incarnation), logger);

    void ITrialPeers.Nudge(string worker, JobId job, long incarnation) =>
        Hints.Send(() => GrainFactory.GetGrain<IGpuWorkerGrain>(worker).NudgeAsync(job, incarnation), logger);

    /// <summary>Carries a call out, and sees to it that a lease's timer runs while the job is held, and only then.</summary>
    private async Task<T> WatchedAsync<T>(Func<Task<T>> call)
    {
        var answer = await GuardAsync(call);
        Watch();
        return answer;
    }

    private void Watch()
    {
        if (_logic.IsHeld && _timer is null)
        {
            _timer = Every(
                options.Tick,
                async () =>
                {
                    await _logic.TickAsync();
                    Watch();
                },
                keepAlive: true);
        }
        else if (!_logic.IsHeld && _timer is { } timer)
        {
            _timer = null;
            timer.Dispose();
        }
    }
}
