using Sweeps.Training.Evaluation;

namespace Sweeps.Training.Checkpoints;

/// <summary>
/// <c>state.json</c> of a checkpoint: all that a resumed run needs besides weights and optimiser. Data order, learning rate
/// and dropout are functions of seed and step, so no generator state is among it.
/// </summary>
internal sealed record CheckpointState
{
    /// <summary>Optimiser steps done.</summary>
    public required int Step { get; init; }

    /// <summary>Epochs done, whole ones.</summary>
    public required int Epoch { get; init; }

    /// <summary>Best objective value so far; null before the first evaluation.</summary>
    public double? BestValue { get; init; }

    /// <summary>Its step.</summary>
    public int? BestStep { get; init; }

    /// <summary>Evaluations in a row that brought no gain; early stopping counts them.</summary>
    public int EvaluationsWithoutGain { get; init; }

    /// <summary>Whether the run was stopped early: no step follows.</summary>
    public bool Stopped { get; init; }

    /// <summary>Hash of the weights at <see cref="BestStep"/>.</summary>
    public string? BestWeightsSha256 { get; init; }

    /// <summary>Hash of this checkpoint's own weights: those of the end, when it is the final one.</summary>
    public string? WeightsSha256 { get; init; }

    /// <summary>Running mean of the loss (decay 0.98), as shown to people.</summary>
    public double? MeanLoss { get; init; }

    /// <summary>Training seconds so far over all attempts, waits excluded.</summary>
    public double Seconds { get; init; }

    /// <summary>Solved examples in front of every prompt: whoever labels texts with these weights needs them. Null: none.</summary>
    public string? Examples { get; init; }

    /// <summary>What variants know besides scores, as of the last evaluation. Null: nothing.</summary>
    public VariantFacts? Variants { get; init; }

    /// <summary>LibTorch, CPU capability and threads: on another machine the weights may differ in the last bits.</summary>
    public required string Machine { get; init; }
}
