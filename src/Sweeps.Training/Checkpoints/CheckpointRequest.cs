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
}

/// <summary>How long a write is tried on a full disk.</summary>
internal enum Patience
{
    /// <summary>Once; the next one due tries again (periodic ones, and those before a release).</summary>
    Once,

    /// <summary>Each second until it is written: evaluations and the final one.</summary>
    UntilWritten,
}
