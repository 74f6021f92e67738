using Sweeps.Core.Ids;

namespace Sweeps.Core.Ledger;

/// <summary>A point of the loss curve. Key: (job, step). At most 500 a job: the stride is the smallest power of two that allows it.</summary>
public sealed record MetricPointRow : LedgerRow
{
    /// <summary>Job.</summary>
    public required JobId Job { get; init; }

    /// <summary>Optimiser step, from 1.</summary>
    public required int Step { get; init; }

    /// <summary>Training loss of that step.</summary>
    public required double Loss { get; init; }

    /// <summary>Learning rate of that step.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Gradient norm before clipping; null when not measured.</summary>
    public double? GradientNorm { get; init; }
}
