using Sweeps.Core.Ledger;
using Sweeps.Silo.Options;
using Sweeps.Web.Silo;

namespace Sweeps.Silo.Hosting;

/// <summary>Ends a silo that nobody asked to stay, once it has had no unfinished sweep and no request for a while.</summary>
internal sealed partial class IdleWatch(
    SiloOptions options,
    ILedger ledger,
    RequestClock requests,
    IHostApplicationLifetime lifetime,
    TimeProvider time,
    ILogger<IdleWatch> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.Stays)
        {
            return;
        }

        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(Math.Clamp(options.Idle.TotalSeconds / 10, 0.1, 1)), time);
        var busy = time.GetTimestamp();
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
        {
            if (await IsBusyAsync(stoppingToken).ConfigureAwait(false))
            {
                busy = time.GetTimestamp();
            }

            if (time.GetElapsedTime(busy) >= options.Idle && requests.Idle >= options.Idle)
            {
                LogIdle(logger, options.Idle.TotalSeconds);
                lifetime.StopApplication();
                return;
            }
        }
    }

    private async Task<bool> IsBusyAsync(CancellationToken cancellation)
    {
        try
        {
            return (await ledger.UnfinishedSweepsAsync(cancellation).ConfigureAwait(false)).Count > 0;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // A ledger that does not answer has not said that its sweeps have ended.
            return true;
        }
    }

    [LoggerMessage(20, LogLevel.Information, "no unfinished sweep and no request for {Seconds} s: the silo ends")]
    private static partial void LogIdle(ILogger logger, double seconds);
}
