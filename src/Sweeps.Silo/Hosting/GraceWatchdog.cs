using Sweeps.Core.Api;
using Sweeps.Core.Homes;

namespace Sweeps.Silo.Hosting;

/// <summary>
/// Leaves when the grace is over, whatever the drain is at: its trials go on from their last checkpoints, and trainers
/// end with their pipes.
/// </summary>
internal sealed partial class GraceWatchdog(
    SweepsHome home, SiloControl control, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<GraceWatchdog> logger)
    : IHostedService, IDisposable
{
    private CancellationTokenRegistration _registration;
    private ITimer? _timer;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _registration = lifetime.ApplicationStopping.Register(() =>
            _timer = time.CreateTimer(_ => Leave(), null, control.Grace, Timeout.InfiniteTimeSpan));
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        _registration.Dispose();
        _timer?.Dispose();
    }

    private void Leave()
    {
        LogOutOfTime(logger, control.Grace.TotalSeconds);
        SiloFile.Remove(home);
        Environment.Exit(ExitCodes.Ok);
    }

    [LoggerMessage(
        30, LogLevel.Warning, "the drain took longer than {Seconds} s: leaving; trials go on from their last checkpoints")]
    private static partial void LogOutOfTime(ILogger logger, double seconds);
}
