namespace Sweeps.Abstractions;

/// <summary>
/// The times of the lease, shared by grains and workers. Every time counts its holder's own ticks (see protocol: a late
/// tick counts once), so a machine that slept goes on. Heartbeat &lt; self-fence &lt; lease.
/// </summary>
public sealed record LeaseOptions
{
    /// <summary>Between two heartbeats of a holder; default 3 s.</summary>
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Unanswered for so long, a holder asks once more and then fences itself; default 10 s.</summary>
    public TimeSpan SelfFence { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Unheard for so long, an attempt is lost; default 15 s.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Between two ticks of a lease's timer; default 1 s.</summary>
    public TimeSpan Tick { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Between two pulses of a silo; default 5 s.</summary>
    public TimeSpan Pulse { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Short times for tests: lease 5 s, self-fence 3 s, heartbeat 1 s, pulse 2 s.</summary>
    public static LeaseOptions ForTests { get; } = new()
    {
        Heartbeat = TimeSpan.FromSeconds(1),
        SelfFence = TimeSpan.FromSeconds(3),
        Lease = TimeSpan.FromSeconds(5),
        Pulse = TimeSpan.FromSeconds(2),
    };

    /// <summary>These options, when they are in order.</summary>
    /// <exception cref="ArgumentException">A time is not above zero, or they are not in their order.</exception>
    public LeaseOptions Checked() =>
        Tick > TimeSpan.Zero && Pulse > TimeSpan.Zero && Tick <= Heartbeat && Heartbeat < SelfFence && SelfFence < Lease
            ? this
            : throw new ArgumentException(
                $"lease times must keep 0 < tick <= heartbeat < self-fence < lease; got tick {Tick}, heartbeat {Heartbeat}, self-fence {SelfFence}, lease {Lease}");
}
