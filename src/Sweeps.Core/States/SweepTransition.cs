namespace Sweeps.Core.States;

/// <summary>What may happen to a sweep. The legal ones stand in <see cref="StateTable"/>.</summary>
public enum SweepTransition
{
    /// <summary>The preflight passed.</summary>
    Start,

    /// <summary>Set aside once no job is leased or running.</summary>
    Pause,

    /// <summary>Back to the preflight, for a sweep paused in it.</summary>
    ResumePreflight,

    /// <summary>Back to running.</summary>
    Resume,

    /// <summary>The winner is chosen and its evaluation job written.</summary>
    Score,

    /// <summary>Ended with a winner.</summary>
    Complete,

    /// <summary>Ended without a result.</summary>
    Fail,

    /// <summary>Ended by a person.</summary>
    Cancel,

    /// <summary>A failed or cancelled trial is retried in a sweep that has no score yet.</summary>
    Reopen,
}
