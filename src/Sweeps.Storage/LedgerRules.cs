using System.Globalization;
using Sweeps.Core.Ledger;
using Sweeps.Core.States;

namespace Sweeps.Storage;

/// <summary>What every ledger does alike, so that no store can differ in it.</summary>
internal static class LedgerRules
{
    /// <summary>The split that the leaderboard shows.</summary>
    public const string ValidationSplit = "validation";

    /// <summary>Refuses a commit that no ledger could carry out.</summary>
    /// <exception cref="ArgumentException">No rows, or a guard that does not name exactly one row.</exception>
    public static void Check(LedgerCommit commit)
    {
        ArgumentNullException.ThrowIfNull(commit);
        if (commit.Rows is null or { Count: 0 })
        {
            throw new ArgumentException($"the commit '{commit.Name}' has no rows", nameof(commit));
        }

        foreach (var guard in commit.Guards ?? [])
        {
            var keys = (guard.Sweep is null ? 0 : 1) + (guard.Job is null ? 0 : 1) + (guard.Worker is null ? 0 : 1);
            if (keys != 1)
            {
                throw new ArgumentException(
                    $"a guard of the commit '{commit.Name}' names {keys} rows; it must name exactly one", nameof(commit));
            }
        }
    }

    /// <summary>Whether the sweep has ended.</summary>
    public static bool HasEnded(SweepState state) =>
        state is SweepState.Completed or SweepState.Failed or SweepState.Cancelled;

    /// <summary>Whether two evaluations say the same: attempt, time and change number do not count.</summary>
    public static bool SameValues(EvaluationRow left, EvaluationRow right) =>
        Nullable.Equals(left.Loss, right.Loss)
        && Nullable.Equals(left.Accuracy, right.Accuracy)
        && Nullable.Equals(left.MacroF1, right.MacroF1)
        && string.Equals(left.MetricsJson, right.MetricsJson, StringComparison.Ordinal);

    /// <summary>Words for a version that is stale.</summary>
    public static string Stale(string what, string key, long expected, long stored) =>
        string.Create(CultureInfo.InvariantCulture, $"{what} {key}: version {expected} expected, {stored} stored");

    /// <summary>Words for a launch id that another sweep has.</summary>
    public static string ClientTaken(SweepRow row) =>
        $"sweep {row.Id}: its launch id {row.ClientId} belongs to another sweep";

    /// <summary>Words for a decision that was already made otherwise.</summary>
    public static string Decided(DecisionRow row, string stored) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"decision {row.Sweep}/{row.Trial} at step {row.Step}: '{stored}' stored, '{row.Decision}' offered");

    /// <summary>The settings of a job: its trial's, or its own when it has none.</summary>
    /// <exception cref="InvalidDataException">Neither is there.</exception>
    public static string SettingsOf(JobRow job, TrialRow? trial) =>
        trial?.SettingsJson
        ?? job.SettingsJson
        ?? throw new InvalidDataException($"the ledger has no settings for job {job.Id}: neither a trial nor its own");
}
