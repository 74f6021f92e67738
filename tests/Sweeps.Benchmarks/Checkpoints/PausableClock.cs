using System.Diagnostics;

namespace Sweeps.Benchmarks.Checkpoints;

/// <summary>A clock that stands still until it is started: while it does, no checkpoint falls due. For one thread.</summary>
internal sealed class PausableClock : TimeProvider
{
    private long _passed;
    private long? _runningSince;

    /// <inheritdoc/>
    public override long GetTimestamp() =>
        _passed + (_runningSince is { } since ? Stopwatch.GetTimestamp() - since : 0);

    /// <summary>Lets some time pass at once.</summary>
    public void Advance(TimeSpan time) => _passed += (long)(time.TotalSeconds * TimestampFrequency);

    /// <summary>Starts it.</summary>
    public void Resume() => _runningSince ??= Stopwatch.GetTimestamp();

    /// <summary>Stops it.</summary>
    public void Pause() => (_passed, _runningSince) = (GetTimestamp(), null);
}
