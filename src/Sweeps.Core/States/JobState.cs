namespace Sweeps.Core.States;

/// <summary>What a job (and so the trial that owns it) is. What is wanted of it is <see cref="Wanted"/>.</summary>
public enum JobState
{
    /// <summary>Waits for a slot.</summary>
    Queued,

    /// <summary>An attempt is granted; its trainer has not reported yet.</summary>
    Leased,

    /// <summary>The current attempt's trainer has reported.</summary>
    Running,

    /// <summary>Set aside by a person; resumes from its last checkpoint.</summary>
    Paused,

    /// <summary>Ended with a result.</summary>
    Completed,

    /// <summary>Ended without a result: its retries are spent, or its failure class never retries.</summary>
    Failed,

    /// <summary>Ended by a scheduler or by <c>max_time</c>; its best counts.</summary>
    Stopped,

    /// <summary>Ended by a person.</summary>
    Cancelled,
}
