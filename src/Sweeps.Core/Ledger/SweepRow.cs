using Sweeps.Core.Ids;
using Sweeps.Core.Spec;
using Sweeps.Core.States;

namespace Sweeps.Core.Ledger;

/// <summary>A sweep. Key: <see cref="Id"/>.</summary>
public sealed record SweepRow : VersionedRow
{
    /// <summary>Id, see <see cref="SweepIds"/>.</summary>
    public required string Id { get; init; }

    /// <summary>The launch id that the client made; unique.</summary>
    public required string ClientId { get; init; }

    /// <summary>Name in the spec.</summary>
    public required string Name { get; init; }

    /// <summary>The spec as the user wrote it.</summary>
    public required string SpecYaml { get; init; }

    /// <summary>SHA-256 of spec, inputs and base model: an unfinished identical one is offered to attach to.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>The plan's facts as JSON (<see cref="Planning.SweepFacts"/>).</summary>
    public required string FactsJson { get; init; }

    /// <summary>What it is.</summary>
    public required SweepState State { get; init; }

    /// <summary>What is wanted of it.</summary>
    public Wanted Wanted { get; init; }

    /// <summary>Why it is in its state, for people; null when there is nothing to say.</summary>
    public string? Reason { get; init; }

    /// <summary>Trials in all.</summary>
    public required int TrialCount { get; init; }

    /// <summary>Number of the chosen trial; null before the choice.</summary>
    public int? Winner { get; init; }

    /// <summary>Metric of the objective, e.g. <c>macro_f1</c>.</summary>
    public required string ObjectiveMetric { get; init; }

    /// <summary>Whether more is better.</summary>
    public required bool Maximize { get; init; }

    /// <summary>The objective's metric and direction as one.</summary>
    public Objective ToObjective() => new(ObjectiveMetric, Maximize);

    /// <summary>Launched at.</summary>
    public required long CreatedAt { get; init; }

    /// <summary>Ended at; null while unfinished.</summary>
    public long? FinishedAt { get; init; }

    /// <summary>Wall seconds while not paused, up to <see cref="ActiveSince"/>; what <c>max_time</c> counts.</summary>
    public double ActiveSeconds { get; init; }

    /// <summary>Since when it runs unpaused; null while paused or ended.</summary>
    public long? ActiveSince { get; init; }

    /// <summary>Peak memory of a trainer as the preflight measured it, bytes; 0 before.</summary>
    public long PeakMemoryBytes { get; init; }

    /// <summary>Estimate of the whole sweep's trainer-seconds, calibrated by the preflight; null before.</summary>
    public double? EstimatedTrainerSeconds { get; init; }

    /// <summary>Whether a person removed it from the lists (<c>sweeps rm</c>); its files go with the janitor.</summary>
    public bool Removed { get; init; }
}
