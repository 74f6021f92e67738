using Sweeps.Core.Homes;
using Sweeps.Core.Ledger;
using Sweeps.Core.States;
using Sweeps.Silo.Options;
using Sweeps.Web.Silo;

namespace Sweeps.Silo.Hosting;

/// <summary>
/// Keeps the home's list of unfinished sweeps, and ends a silo that nobody asked to stay once it has had no such sweep
/// and no request for a while.
/// </summary>
internal sealed partial class SweepWatch(
    SiloSettings settings,
    ILedger ledger,
    RequestClock requests,
    IHostApplicationLifetime lifetime,
    TimeProvider time,
    ILogger<SweepWatch> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken).ConfigureAwait(false);
        _ = await LookAsync(cancellationToken).ConfigureAwait(false);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var often = settings.Idle > TimeSpan.Zero && settings.Idle / 10 < Interval;
        using var timer = new PeriodicTimer(often ? settings.Idle / 10 : Interval, time);
        var busy = time.GetTimestamp();
        do
        {
            if (await LookAsync(stoppingToken).ConfigureAwait(false))
            {
                busy = time.GetTimestamp();
            }

            if (!settings.Stays && time.GetElapsedTime(busy) >= settings.Idle && requests.Idle >= settings.Idle)
            {
                LogIdle(logger, settings.Idle.TotalSeconds);
                lifetime.StopApplication();
                return;
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false));
    }

    /// <summary>Whether a sweep is unfinished; the home's list is brought up to date.</summary>
    private async Task<bool> LookAsync(CancellationToken cancellation)
    {
        try
        {
            var unfinished = new List<(string Sweep, bool Paused)>();
            foreach (var sweep in await ledger.UnfinishedSweepsAsync(cancellation).ConfigureAwait(false))
            {
                var row = await ledger.FindSweepAsync(sweep, cancellation).ConfigureAwait(false);
                unfinished.Add((sweep, row?.State == SweepState.Paused));
            }

            if (!UnfinishedSweeps.Read(settings.Home).SequenceEqual(unfinished))
            {
                UnfinishedSweeps.Write(settings.Home, unfinished);
            }

            return unfinished.Count > 0;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // A ledger that does not answer has not said that its sweeps have ended.
            LogBlind(logger, e.Message);
            return true;
        }
    }

    [LoggerMessage(20, LogLevel.Information, "no unfinished sweep and no request for {Seconds} s: the silo ends")]
    private static partial void LogIdle(ILogger logger, double seconds);

    [LoggerMessage(21, LogLevel.Warning, "the unfinished sweeps could not be listed: {Reason}")]
    private static partial void LogBlind(ILogger logger, string reason);
}
