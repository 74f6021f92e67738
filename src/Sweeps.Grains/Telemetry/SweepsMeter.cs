using System.Diagnostics.Metrics;

namespace Sweeps.Grains.Telemetry;

/// <summary>
/// The instruments of orchestration. No label ever names a trial: their number has no bound. Failures by class are read
/// from the ledger, so that their count survives the silo.
/// </summary>
public static class SweepsMeter
{
    /// <summary>Name of the meter; the silo's telemetry listens to it.</summary>
    public const string Name = "Sweeps";

    private static readonly Meter Meter = new(Name, "1");

    /// <summary>Attempts granted.</summary>
    public static Counter<long> Attempts { get; } = Meter.CreateCounter<long>(
        "sweeps_attempts", "{attempt}", "Attempts granted.");

    /// <summary>Attempts that went on from a checkpoint.</summary>
    public static Counter<long> Resumes { get; } = Meter.CreateCounter<long>(
        "sweeps_resumes", "{attempt}", "Attempts that went on from a checkpoint.");

    /// <summary>Reports and heartbeats of attempts that were stale.</summary>
    public static Counter<long> Fenced { get; } = Meter.CreateCounter<long>(
        "sweeps_fenced_reports", "{report}", "Reports and heartbeats of stale attempts, refused.");

    /// <summary>Leases that ran out.</summary>
    public static Counter<long> Expiries { get; } = Meter.CreateCounter<long>(
        "sweeps_lease_expiries", "{lease}", "Leases that ran out.");

    /// <summary>From the end of an attempt to the next one's first new step.</summary>
    public static Histogram<double> RecoverySeconds { get; } = Meter.CreateHistogram<double>(
        "sweeps_recovery_seconds", "s", "From the end of an attempt to the next one's first new step.");

    /// <summary>Seconds a step, as trainers report them.</summary>
    public static Histogram<double> StepSeconds { get; } = Meter.CreateHistogram<double>(
        "sweeps_step_seconds", "s", "Seconds an optimiser step.");

    /// <summary>Seconds that writing and syncing a checkpoint took.</summary>
    public static Histogram<double> CheckpointSeconds { get; } = Meter.CreateHistogram<double>(
        "sweeps_checkpoint_seconds", "s", "Seconds that writing and syncing a checkpoint took.");
}
