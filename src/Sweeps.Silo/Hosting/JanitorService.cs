using Sweeps.Storage.Cleaning;

namespace Sweeps.Silo.Hosting;

/// <summary>Has the janitor clean while the silo lives.</summary>
internal sealed partial class JanitorService(Janitor janitor, TimeProvider time, ILogger<JanitorService> logger)
    : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        janitor.RunAsync(Interval, time, Report, stoppingToken);

    private void Report(CleaningReport round)
    {
        foreach (var error in round.Errors)
        {
            LogError(logger, error);
        }

        if (round.Dropped + round.Abandoned + round.Sweeps + round.Objects > 0)
        {
            LogRound(logger, round.Dropped, round.Abandoned, round.Sweeps, round.Objects);
        }
    }

    [LoggerMessage(
        50,
        LogLevel.Information,
        "cleaned: {Dropped} dropped checkpoints, {Abandoned} abandoned folders, {Sweeps} removed sweeps, {Objects} objects")]
    private static partial void LogRound(ILogger logger, int dropped, int abandoned, int sweeps, int objects);

    [LoggerMessage(51, LogLevel.Warning, "cleaning: {Problem}")]
    private static partial void LogError(ILogger logger, string problem);
}
