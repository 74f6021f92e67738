namespace Sweeps.Storage.Cleaning;

/// <summary>What one round of the janitor deleted.</summary>
/// <param name="Dropped">Checkpoint folders that a commit had dropped.</param>
/// <param name="Abandoned">Folders of older attempts that no commit names.</param>
/// <param name="Sweeps">Folders of removed sweeps.</param>
/// <param name="Objects">Objects that no sweep pins, and what interrupted uploads left.</param>
/// <param name="Errors">What could not be deleted, for the log; the next round tries again.</param>
public sealed record CleaningReport(int Dropped, int Abandoned, int Sweeps, int Objects, IReadOnlyList<string> Errors)
{
    /// <summary>Whether there is anything to say.</summary>
    public bool IsEmpty => Dropped + Abandoned + Sweeps + Objects + Errors.Count == 0;
}
