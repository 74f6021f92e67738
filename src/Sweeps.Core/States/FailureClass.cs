namespace Sweeps.Core.States;

/// <summary>Why an attempt failed. Each class has its own count of retries; see <see cref="RetryRules"/>.</summary>
public enum FailureClass
{
    /// <summary>The trainer ended by a signal, an abort or an error nobody foresaw.</summary>
    Crash,

    /// <summary>The trainer was ended for memory, or an allocation failed.</summary>
    OutOfMemory,

    /// <summary>The loss became infinite or NaN.</summary>
    NonFiniteLoss,

    /// <summary>No beat within the phase's time.</summary>
    Hang,

    /// <summary>The data cannot be used, or a pinned input no longer has its hash. Never retried.</summary>
    BadData,

    /// <summary>The settings cannot work on this base model or data. Never retried.</summary>
    BadSpec,

    /// <summary>Five silo deaths in a row without progress. Never retried.</summary>
    Poison,
}
