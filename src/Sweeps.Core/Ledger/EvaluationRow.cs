using Sweeps.Core.Ids;

namespace Sweeps.Core.Ledger;

/// <summary>Metrics of one evaluation. Key: (job, step, split, variant): a replay rewrites it with the same values.</summary>
public sealed record EvaluationRow : LedgerRow
{
    /// <summary>Job.</summary>
    public required JobId Job { get; init; }

    /// <summary>Optimiser steps done.</summary>
    public required int Step { get; init; }

    /// <summary><c>validation</c> or <c>test</c>.</summary>
    public required string Split { get; init; }

    /// <summary>Which arm: <c>plain</c>, or an after-training variant.</summary>
    public required string Variant { get; init; }

    /// <summary>Attempt that made it; a higher one supersedes.</summary>
    public required int Attempt { get; init; }

    /// <summary>Mean loss.</summary>
    public double? Loss { get; init; }

    /// <summary>Accuracy, 0 to 1.</summary>
    public double? Accuracy { get; init; }

    /// <summary>Macro F1, 0 to 1.</summary>
    public double? MacroF1 { get; init; }

    /// <summary>F1 of each class as a JSON object from label to number, and whatever else was measured.</summary>
    public required string MetricsJson { get; init; }

    /// <summary>Evaluated at.</summary>
    public required long At { get; init; }
}
