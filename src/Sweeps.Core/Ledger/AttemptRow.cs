using Sweeps.Core.Ids;
using Sweeps.Core.States;

namespace Sweeps.Core.Ledger;

/// <summary>One lease of a job: one life of a trainer on it. Key: (job, number).</summary>
public sealed record AttemptRow : LedgerRow
{
    /// <summary>Job.</summary>
    public required JobId Job { get; init; }

    /// <summary>Number, from 1.</summary>
    public required int Number { get; init; }

    /// <summary>Worker, incarnation and slot that hold it.</summary>
    public required string Worker { get; init; }

    /// <summary>Incarnation of the worker.</summary>
    public required long Incarnation { get; init; }

    /// <summary>Slot, from 0.</summary>
    public required int Slot { get; init; }

    /// <summary>Granted at.</summary>
    public required long StartedAt { get; init; }

    /// <summary>Ended at; null while open.</summary>
    public long? EndedAt { get; init; }

    /// <summary><c>completed</c>, <c>failed</c>, <c>released</c>, <c>lost</c>, <c>paused</c>, <c>stopped</c>, <c>cancelled</c>; null while open.</summary>
    public string? Outcome { get; init; }

    /// <summary>Failure class when failed.</summary>
    public FailureClass? FailureClass { get; init; }

    /// <summary>Words for people.</summary>
    public string? Message { get; init; }

    /// <summary>Step of the checkpoint it resumed from; 0: from the start.</summary>
    public int ResumedFrom { get; init; }

    /// <summary>From the end of the attempt before to this one's first new step, seconds; null when not a recovery.</summary>
    public double? RecoverySeconds { get; init; }

    /// <summary>LibTorch, CPU capability and threads: <c>2.10.0 AVX512 1</c>. A change means that exact resume is not proven.</summary>
    public string? Machine { get; init; }
}
