namespace Sweeps.Core.States;

/// <summary>What a sweep is.</summary>
public enum SweepState
{
    /// <summary>Its preflight jobs run; no trial is leased yet.</summary>
    Preflight,

    /// <summary>Its trials run.</summary>
    Running,

    /// <summary>Set aside by a person.</summary>
    Paused,

    /// <summary>Every trial has ended; the evaluation job of the chosen one runs.</summary>
    Scoring,

    /// <summary>Ended with a winner (some trials may have failed; the test score may be missing, with its reason).</summary>
    Completed,

    /// <summary>Ended without a result: the preflight failed, or no trial has one.</summary>
    Failed,

    /// <summary>Ended by a person.</summary>
    Cancelled,
}
