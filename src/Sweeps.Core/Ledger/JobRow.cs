using Sweeps.Core.Ids;
using Sweeps.Core.States;

namespace Sweeps.Core.Ledger;

/// <summary>The unit that is leased. Key: (sweep, kind, number).</summary>
public sealed record JobRow : VersionedRow
{
    /// <summary>Id.</summary>
    public required JobId Id { get; init; }

    /// <summary>The trial it works on: its own for a train job, the chosen one for an evaluation, null for a preflight.</summary>
    public int? Trial { get; init; }

    /// <summary>A preflight's settings as JSON (<see cref="Spec.TrialSettings"/>); null for the others, whose trial has them.</summary>
    public string? SettingsJson { get; init; }

    /// <summary>What it is.</summary>
    public required JobState State { get; init; }

    /// <summary>What is wanted of this trial alone; the sweep's wish may be stronger.</summary>
    public Wanted Wanted { get; init; }

    /// <summary>The last attempt granted; 0: none yet.</summary>
    public int Attempt { get; init; }

    /// <summary>The last report's sequence accepted from that attempt; 0: none yet.</summary>
    public long Sequence { get; init; }

    /// <summary>Failures since the last later checkpoint: what <c>retries</c> bounds.</summary>
    public int Failures { get; init; }

    /// <summary>Silo deaths in a row without progress.</summary>
    public int SiloDeaths { get; init; }

    /// <summary>Not leased before this time; 0: at once.</summary>
    public long NotBefore { get; init; }

    /// <summary>Whether it goes to the front of the queue (the first retry after a crash).</summary>
    public bool Front { get; init; }

    /// <summary>The worker that held it last; it is preferred for the next attempt.</summary>
    public string? Worker { get; init; }

    /// <summary>Incarnation of that worker.</summary>
    public long Incarnation { get; init; }

    /// <summary>Slot of that worker.</summary>
    public int? Slot { get; init; }

    /// <summary>The lease request's number that was granted last, with worker, incarnation and slot: asked again, same grant.</summary>
    public long Request { get; init; }

    /// <summary>Class of the last failure.</summary>
    public FailureClass? FailureClass { get; init; }

    /// <summary>Message of the last failure or the reason of the end, for people.</summary>
    public string? Message { get; init; }

    /// <summary>First lease at; null before.</summary>
    public long? StartedAt { get; init; }

    /// <summary>Ended at; null while unfinished.</summary>
    public long? FinishedAt { get; init; }

    /// <summary>Training seconds, added up over the committed checkpoints of all attempts.</summary>
    public double Seconds { get; init; }

    /// <summary>Optimiser steps of the whole job; 0 before the trainer knows.</summary>
    public int TotalSteps { get; init; }

    /// <summary>Step of the last committed checkpoint.</summary>
    public int Step { get; init; }

    /// <summary>Best objective value on validation; null before the first evaluation.</summary>
    public double? BestValue { get; init; }

    /// <summary>Its step.</summary>
    public int? BestStep { get; init; }

    /// <summary>SHA-256 of the weights at the end.</summary>
    public string? FinalSha256 { get; init; }

    /// <summary>SHA-256 of the best weights.</summary>
    public string? BestSha256 { get; init; }

    /// <summary>Trainable parameters; null before the trainer knows.</summary>
    public long? TrainableParameters { get; init; }

    /// <summary>Parameters in all.</summary>
    public long? TotalParameters { get; init; }

    /// <summary>Measured seconds a step (preflight and train).</summary>
    public double? StepSeconds { get; init; }

    /// <summary>Measured peak memory of the trainer, bytes.</summary>
    public long? PeakMemoryBytes { get; init; }
}
