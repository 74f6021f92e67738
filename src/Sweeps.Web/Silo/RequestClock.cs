namespace Sweeps.Web.Silo;

/// <summary>When the API was last used: a silo does not end while somebody uploads, launches or watches.</summary>
public sealed class RequestClock(TimeProvider time)
{
    private long _last = time.GetTimestamp();
    private int _open;

    /// <summary>Time since the last request ended; zero while one is open.</summary>
    public TimeSpan Idle => Volatile.Read(ref _open) > 0 ? TimeSpan.Zero : time.GetElapsedTime(Volatile.Read(ref _last));

    internal void Begin() => Interlocked.Increment(ref _open);

    internal void End()
    {
        Volatile.Write(ref _last, time.GetTimestamp());
        Interlocked.Decrement(ref _open);
    }
}
