namespace Sweeps.Core.Ids;

/// <summary>What a job does. A trial owns its train job; a sweep owns its preflight and evaluate jobs.</summary>
public enum JobKind
{
    /// <summary>Trains one trial to its result.</summary>
    Train,

    /// <summary>Scores the chosen trial on the test split, once.</summary>
    Evaluate,

    /// <summary>One step of the costliest point of a method: proves that it runs, measures its time and memory.</summary>
    Preflight,
}
