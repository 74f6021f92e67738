using Orleans.Concurrency;
using Sweeps.Abstractions.Dispatch;
using Sweeps.Core.Ids;
using Sweeps.Grains.Logic;

namespace Sweeps.Grains.Dispatch;

/// <summary>The grain over <see cref="DispatcherLogic"/>. Reentrant: slots wait in it.</summary>
[Reentrant]
internal sealed class DispatcherGrain(TimeProvider time) : LogicGrain, IDispatcherGrain
{
    private static readonly TimeSpan TickEvery = TimeSpan.FromMilliseconds(250);
    private readonly DispatcherLogic _logic = new(time);

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        Every(TickEvery, () =>
        {
            _logic.Tick();
            return Task.CompletedTask;
        });
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<JobId?> WaitForJobAsync(SlotRequest request) => _logic.WaitForJobAsync(request);

    /// <inheritdoc/>
    public Task SetReadyAsync(ReadyList list)
    {
        _logic.SetReady(list);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task SettleAsync(JobId job, long change)
    {
        _logic.Settle(job, change);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task FrontAsync(ReadyJob job, long change)
    {
        _logic.Front(job, change);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task LeaveAsync(string worker, long incarnation)
    {
        _logic.Leave(worker, incarnation);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<DispatcherStatus> StatusAsync() => Task.FromResult(_logic.Status);
}
