using Sweeps.Core.Ids;

namespace Sweeps.Core.Trainer;

/// <summary>All that a trainer needs for one attempt at one job. Paths are absolute when it reaches the trainer.</summary>
public sealed record JobAssignment
{
    /// <summary>The job.</summary>
    public required JobId Job { get; init; }

    /// <summary>The attempt; every frame names it.</summary>
    public required int Attempt { get; init; }

    /// <summary>Settings as JSON (<see cref="Spec.TrialSettings"/>).</summary>
    public required string Settings { get; init; }

    /// <summary>Pinned inputs by role (<c>train</c>, <c>validation</c>, <c>test</c> where the kind may read it, <c>base/FILE</c>).</summary>
    public required IReadOnlyList<AssignedInput> Inputs { get; init; }

    /// <summary>Checkpoints to resume from (or, for an evaluation, to score), newest first; the first that verifies is used.</summary>
    public required IReadOnlyList<AssignedCheckpoint> Checkpoints { get; init; }

    /// <summary>The folder of this attempt; the trainer alone writes in it. Relative to the home's <c>sweeps</c> folder in the grain's answer.</summary>
    public required string Directory { get; init; }

    /// <summary>Folders of former attempts whose curves are compared with the replay, by attempt.</summary>
    public IReadOnlyList<string> FormerDirectories { get; init; } = [];

    /// <summary>Best objective value committed so far and its step; null before the first.</summary>
    public double? BestValue { get; init; }

    /// <summary>Its step.</summary>
    public int? BestStep { get; init; }

    /// <summary>Expected peak memory, bytes; 0: not known yet.</summary>
    public long PeakMemoryBytes { get; init; }

    /// <summary>Whether more is better.</summary>
    public bool Maximize { get; init; } = true;
}

/// <summary>A pinned input.</summary>
/// <param name="Role">See <see cref="Ledger.InputRow.Role"/>.</param>
/// <param name="Path">In the grain's answer the name; the worker puts the absolute path of the pinned copy here.</param>
/// <param name="Sha256">Its hash; the trainer checks it before the first use.</param>
/// <param name="Bytes">Its size.</param>
public sealed record AssignedInput(string Role, string Path, string Sha256, long Bytes);

/// <summary>A committed checkpoint.</summary>
/// <param name="Attempt">Attempt that wrote it.</param>
/// <param name="Step">Steps done.</param>
/// <param name="Directory">Its folder (relative in the grain's answer, absolute for the trainer).</param>
/// <param name="Sha256">Hash of its manifest.</param>
/// <param name="HasState">Whether it can be resumed from.</param>
/// <param name="IsBest">Whether it holds the best weights.</param>
public sealed record AssignedCheckpoint(int Attempt, int Step, string Directory, string Sha256, bool HasState, bool IsBest);
