using Sweeps.Core.Trainer;

namespace Sweeps.Training.Checkpoints;

/// <summary>What goes with a checkpoint into its offer.</summary>
internal sealed record CheckpointRequest
{
    /// <summary>Counters; the writer adds the hash of the best weights.</summary>
    public required CheckpointState State { get; init; }

    /// <summary>Whether these weights are the best so far.</summary>
    public bool IsBest { get; init; }

    /// <summary>Whether it is the last of the job.</summary>
    public bool IsFinal { get; init; }

    /// <summary>How long to try when the disk is full.</summary>
    public required Patience Patience { get; init; }

    /// <summary>The evaluation made at this step; empty without one.</summary>
    public IReadOnlyList<OfferedEvaluation> Evaluations { get; init; } = [];

    /// <summary>Curve points since the last request.</summary>
    public IReadOnlyList<OfferedPoint> Points { get; init; } = [];

    /// <summary>Training seconds since the last request.</summary>
    public double Seconds { get; init; }

    /// <summary>Optimiser steps in all.</summary>
    public required int TotalSteps { get; init; }

    /// <summary>Parameters that are trained.</summary>
    public required long TrainableParameters { get; init; }

    /// <summary>Parameters in all.</summary>
    public required long TotalParameters { get; init; }

    /// <summary>Median seconds a step since the last request.</summary>
    public double? StepSeconds { get; init; }

    /// <summary>Seconds that the training thread stood still.</summary>
    public double StandstillSeconds { get; init; }

    /// <summary>This request with what an earlier one, which could not be written, had to tell.</summary>
    public CheckpointRequest With(CheckpointRequest? carried) => carried is null
        ? this
        : this with
        {
            Evaluations = [.. carried.Evaluations, .. Evaluations],
            Points = [.. carried.Points, .. Points],
            Seconds = carried.Seconds + Seconds,
        };

    /// <summary>The offer of the checkpoint that was written for it.</summary>
    public OfferFrame ToOffer(long number, WrittenCheckpoint written, double writeSeconds) => new()
    {
        Offer = number,
        Checkpoint = new OfferedCheckpoint(
            State.Step,
            written.Path,
            written.Sha256,
            written.Bytes,
            HasState: true,
            IsBest,
            IsFinal,
            written.Manifest.WeightsSha256,
            writeSeconds,
            StandstillSeconds),
        Evaluations = Evaluations,
        Points = Points,
        Seconds = Seconds,
        TotalSteps = TotalSteps,
        TrainableParameters = TrainableParameters,
        TotalParameters = TotalParameters,
        StepSeconds = StepSeconds,
        PeakMemoryBytes = MachineFacts.PeakMemoryBytes(),
    };
}

/// <summary>How long a write is tried on a full disk.</summary>
internal enum Patience
{
    /// <summary>Once; the next one due tries again (periodic ones, and those before a release).</summary>
    Once,

    /// <summary>Each second until it is written: evaluations and the final one.</summary>
    UntilWritten,
}
