using System.Collections.Frozen;
using System.Diagnostics.Metrics;
using Sweeps.Core.States;

namespace Sweeps.Grains.Telemetry;

/// <summary>The instruments of orchestration. No label ever names a trial: their number has no bound.</summary>
public static class SweepsMeter
{
    /// <summary>Name of the meter; the silo's telemetry listens to it.</summary>
    public const string Name = "Sweeps";

    private static readonly Meter Meter = new(Name, "1");

    private static readonly Counter<long> Failures = Meter.CreateCounter<long>(
        "sweeps_failures", "{attempt}", "Failed attempts by class.");

    private static readonly FrozenDictionary<FailureClass, KeyValuePair<string, object?>> ClassTags =
        Enum.GetValues<FailureClass>().ToFrozenDictionary(
            c => c, c => new KeyValuePair<string, object?>("class", System.Text.Json.JsonNamingPolicy.KebabCaseLower.ConvertName(c.ToString())));

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

    /// <summary>Counts a failed attempt.</summary>
    public static void Failed(FailureClass failure) => Failures.Add(1, ClassTags[failure]);
}
