using Microsoft.Extensions.Logging;
using Sweeps.Worker.Slots;

namespace Sweeps.Worker.Beats;

/// <summary>
/// The worker's own ticks: heartbeats, pulses and watches hang on them. A late tick counts once, and after a gap nothing
/// expires until everyone has had the time to answer.
/// </summary>
internal sealed partial class Ticker(
    WorkerOptions options, Heartbeats heartbeats, Resources resources, IReadOnlyList<SlotLoop> slots, TimeProvider clock, ILogger log)
{
    private const int GapTicks = 4;
    private const int ResourceTicks = 2;
    private long _lastTick = clock.GetTimestamp();
    private DateTimeOffset _lastWall = clock.GetUtcNow();
    private int _quiet;
    private int _ticks;

    /// <summary>Ticks until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(options.Tick, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stop).ConfigureAwait(false))
            {
                try
                {
                    Tick();
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    // Everything hangs on the ticks: whatever one of them met, the next one comes.
                    LogTickFailed(e);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    /// <summary>One tick.</summary>
    public void Tick()
    {
        // The monotonic clock stands still while a laptop sleeps, the wall clock does not.
        var now = clock.GetTimestamp();
        var wall = clock.GetUtcNow();
        var gap = options.Tick * GapTicks;
        var slept = clock.GetElapsedTime(_lastTick, now) > gap || wall - _lastWall > gap;
        _lastTick = now;
        _lastWall = wall;
        _quiet = slept ? options.Ticks(options.Heartbeat) : Math.Max(0, _quiet - 1);
        heartbeats.Tick(slept);
        foreach (var slot in slots)
        {
            slot.Run?.Tick(watch: _quiet == 0);
        }

        if (_ticks++ % ResourceTicks == 0)
        {
            resources.Check(() => slots.Sum(slot => slot.Trainer.ResidentBytes()));
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A tick of the worker failed")]
    private partial void LogTickFailed(Exception error);
}
