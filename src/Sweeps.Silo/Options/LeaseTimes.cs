using Sweeps.Abstractions;

namespace Sweeps.Silo.Options;

/// <summary>Lease times from the environment, so that tests need not wait for the usual ones.</summary>
internal static class LeaseTimes
{
    /// <exception cref="UsageException">A time is wrong, or they are not in their order.</exception>
    public static LeaseOptions Read(Func<string, string?> environment)
    {
        var options = new LeaseOptions();
        if (Seconds(environment, "SWEEPS_LEASE_SECONDS") is { } lease)
        {
            // The proportions of the usual 15, 10, 3 and 5 seconds.
            options = options with { Lease = lease, SelfFence = lease * 2 / 3, Heartbeat = lease / 5, Pulse = lease / 3 };
            options = options with { Tick = options.Heartbeat < options.Tick ? options.Heartbeat : options.Tick };
        }

        options = options with
        {
            Heartbeat = Seconds(environment, "SWEEPS_HEARTBEAT_SECONDS") ?? options.Heartbeat,
            SelfFence = Seconds(environment, "SWEEPS_FENCE_SECONDS") ?? options.SelfFence,
            Pulse = Seconds(environment, "SWEEPS_PULSE_SECONDS") ?? options.Pulse,
        };
        try
        {
            return options.Checked();
        }
        catch (ArgumentException e)
        {
            throw new UsageException($"SWEEPS_LEASE_SECONDS and its like: {e.Message}");
        }
    }

    /// <summary>A time in the environment; null when it is not set.</summary>
    public static TimeSpan? Seconds(Func<string, string?> environment, string name) =>
        environment(name) is { Length: > 0 } text ? SiloArguments.Seconds(name, text) : null;
}
