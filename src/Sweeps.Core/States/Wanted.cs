namespace Sweeps.Core.States;

/// <summary>What a person wants of a sweep or trial. Ordered by strength: the stronger of both holds.</summary>
public enum Wanted
{
    /// <summary>Go on.</summary>
    Run,

    /// <summary>Checkpoint and set aside.</summary>
    Pause,

    /// <summary>Checkpoint and end as stopped (a scheduler or <c>max_time</c>).</summary>
    Stop,

    /// <summary>End as cancelled.</summary>
    Cancel,
}
