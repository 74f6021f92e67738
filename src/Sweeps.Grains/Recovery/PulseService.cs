using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Sweeps.Abstractions;
using Sweeps.Abstractions.Sweep;
using Sweeps.Core.Ledger;
using Sweeps.Grains.Logic;

namespace Sweeps.Grains.Recovery;

/// <summary>
/// The pulse: at the silo's start and then every <see cref="LeaseOptions.Pulse"/>, each unfinished sweep is poked, so
/// that every sweep goes on without a command, whatever was lost.
/// </summary>
internal sealed class PulseService(
    IGrainFactory grains, ILedger ledger, LeaseOptions options, TimeProvider time, ILogger<PulseService> logger)
    : BackgroundService
{
    /// <summary>Pokes every unfinished sweep once.</summary>
    public async Task PulseAsync(CancellationToken cancellation)
    {
        var sweeps = await ledger.UnfinishedSweepsAsync(cancellation);
        await Task.WhenAll(sweeps.Select(s =>
            Hints.SendAsync(() => grains.GetGrain<ISweepGrain>(s).PokeAsync(0), logger)));
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Pulse, time);
        do
        {
            await Hints.SendAsync(() => PulseAsync(stoppingToken), logger);
        }
        while (await WaitAsync(timer, stoppingToken));
    }

    private static async Task<bool> WaitAsync(PeriodicTimer timer, CancellationToken stopping)
    {
        try
        {
            return await timer.WaitForNextTickAsync(stopping);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
