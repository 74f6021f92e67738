using Sweeps.Abstractions;

namespace Sweeps.Grains.Trials;

/// <summary>
/// When a lease runs out: counted in the holder's own ticks. A late tick counts once, and after a gap (the machine slept,
/// the process was stopped) nothing expires for one heartbeat, so that the holder can be heard first.
/// </summary>
internal sealed class LeaseClock(LeaseOptions options, TimeProvider time)
{
    private readonly int _leaseTicks = Ticks(options.Lease, options.Tick);
    private readonly int _heartbeatTicks = Ticks(options.Heartbeat, options.Tick);
    private long _lastTick = time.GetTimestamp();
    private int _silent;
    private int _grace;

    /// <summary>Whether a lease held all the time since the last sign of life has run out.</summary>
    public bool IsExpired => _silent >= _leaseTicks && _grace == 0;

    /// <summary>The holder was heard, or a lease was granted: the count starts afresh.</summary>
    public void Heard() => _silent = 0;

    /// <summary>Counts one tick.</summary>
    /// <returns><see cref="IsExpired"/>.</returns>
    public bool Tick()
    {
        var late = time.GetElapsedTime(_lastTick) > (options.Tick * 2) + TimeSpan.FromMilliseconds(500);
        _lastTick = time.GetTimestamp();
        _silent++;
        if (late)
        {
            // One heartbeat's ticks, and one more for the answer to arrive.
            _grace = _heartbeatTicks + 1;
        }
        else if (_grace > 0)
        {
            _grace--;
        }

        return IsExpired;
    }

    private static int Ticks(TimeSpan span, TimeSpan tick) => (int)Math.Ceiling(span / tick);
}
