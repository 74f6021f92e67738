namespace Sweeps.Trainer.Serving;

/// <summary>
/// Whether the worker is heard. Counts its own ticks of a second; a late tick counts once, so a machine that slept does
/// not fence itself for the time it slept. After such a gap one pulse has to be heard before the next step, because the
/// lease may have moved on meanwhile.
/// </summary>
internal sealed class PulseWatch(TimeProvider time)
{
    /// <summary>Ticks without a pulse after which no step may be made.</summary>
    public const int TicksToStop = 10;

    /// <summary>Ticks without a pulse after which the process ends.</summary>
    public const int TicksToEnd = 120;

    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Gap = TimeSpan.FromSeconds(4);

    private readonly Lock _gate = new();
    private int _silent;
    private bool _afterGap;
    private long _ticked = time.GetTimestamp();

    /// <summary>Whether no step may be made.</summary>
    public bool IsUnheard
    {
        get
        {
            lock (_gate)
            {
                return _afterGap || _silent >= TicksToStop;
            }
        }
    }

    /// <summary>The worker was heard.</summary>
    public void Heard()
    {
        lock (_gate)
        {
            _silent = 0;
            _afterGap = false;
        }
    }

    /// <summary>Counts a tick.</summary>
    /// <returns>False when the process has to end.</returns>
    public bool OnTick()
    {
        lock (_gate)
        {
            var now = time.GetTimestamp();
            _afterGap |= time.GetElapsedTime(_ticked, now) > Gap;
            _ticked = now;
            return ++_silent < TicksToEnd;
        }
    }

    /// <summary>Ticks on a thread of its own for the life of the process.</summary>
    public void Start(Action onTick, Action onEnd) => new Thread(() =>
    {
        var sleeper = new object();
        lock (sleeper)
        {
            while (true)
            {
                Monitor.Wait(sleeper, Tick);
                if (!OnTick())
                {
                    onEnd();
                    return;
                }

                onTick();
            }
        }
    })
    {
        IsBackground = true,
        Name = "pulse-watch",
    }.Start();
}
