namespace Sweeps.Core.States;

/// <summary>What may happen to a job. The legal ones stand in <see cref="StateTable"/>.</summary>
public enum JobTransition
{
    /// <summary>Attempt n+1 is granted to a slot.</summary>
    Lease,

    /// <summary>The attempt's trainer reported for the first time.</summary>
    Start,

    /// <summary>The attempt ended without an end of the job: lost, released, or failed with a retry left.</summary>
    Requeue,

    /// <summary>Set aside.</summary>
    Pause,

    /// <summary>Back from being set aside.</summary>
    Resume,

    /// <summary>The result is committed.</summary>
    Complete,

    /// <summary>No retry is left.</summary>
    Fail,

    /// <summary>Ended by a scheduler or <c>max_time</c>.</summary>
    Stop,

    /// <summary>Ended by a person.</summary>
    Cancel,

    /// <summary>A person asks for another go.</summary>
    Retry,
}
