using Sweeps.Core.Homes;
using Sweeps.Core.Ids;
using Sweeps.Core.Ledger;
using Sweeps.Core.States;
using Sweeps.Storage.Memory;

namespace Sweeps.Tests.Simulation;

/// <summary>
/// Watches every commit at the moment it takes effect, against the rows as they truly are: what a stale or foolish writer
/// got past the ledger is seen here at once.
/// </summary>
internal sealed class Recorder(InMemoryLedger ledger)
{
    private readonly Dictionary<JobId, int> _open = [];

    public int Commits { get; private set; }

    public CommitResult Commit(LedgerCommit commit)
    {
        var before = commit.Rows.OfType<JobRow>().ToDictionary(r => r.Id, r => Get(ledger.FindJobAsync(r.Id))?.Job);
        var sweepBefore = commit.Rows.OfType<SweepRow>().ToDictionary(r => r.Id, r => Get(ledger.FindSweepAsync(r.Id)));
        var result = Get(ledger.CommitAsync(commit));
        if (!result.Accepted)
        {
            return result;
        }

        Commits++;
        foreach (var row in commit.Rows.OfType<JobRow>())
        {
            Check(commit, before[row.Id], row);
        }

        foreach (var row in commit.Rows.OfType<SweepRow>())
        {
            if (sweepBefore[row.Id] is { } old && old.State != row.State)
            {
                Require(
                    StateTable.Sweeps.Any(t => t.Key.From == old.State && t.Value == row.State),
                    $"{commit.Name}: the sweep went from {old.State} to {row.State}");
                RequireNobodyLeft(row);
            }
        }

        foreach (var attempt in commit.Rows.OfType<AttemptRow>())
        {
            Check(commit, attempt);
        }

        return result;
    }

    private void Check(LedgerCommit commit, JobRow? old, JobRow row)
    {
        if (old is null)
        {
            Require(row.State == JobState.Queued, $"{row.Id} was born {row.State}");
            return;
        }

        if (old.State != row.State)
        {
            Require(
                StateTable.Jobs.Any(t => t.Key.From == old.State && t.Value == row.State),
                $"{commit.Name}: {row.Id} went from {old.State} to {row.State}");
        }

        Require(row.Attempt == old.Attempt || row.Attempt == old.Attempt + 1, $"{row.Id}: attempt {old.Attempt} to {row.Attempt}");
        if (row.Attempt > old.Attempt)
        {
            CheckLease(commit, row);
        }
        else if (row.Sequence != old.Sequence)
        {
            Require(old.State.IsHeld(), $"{row.Id}: a report was written while it was {old.State}");
            Require(row.Sequence == old.Sequence + 1, $"{row.Id}: report {row.Sequence} after {old.Sequence}");
        }

        foreach (var checkpoint in commit.Rows.OfType<CheckpointRow>().Where(c => c.Status == CheckpointStatus.Kept))
        {
            Require(
                checkpoint.Directory.StartsWith(SweepsHome.AttemptDirectory(checkpoint.Job, checkpoint.Attempt) + "/", StringComparison.Ordinal),
                $"{row.Id}: attempt {checkpoint.Attempt} committed {checkpoint.Directory}, which another attempt wrote");
        }

        // Trainers say in each message which attempt they are, so a stale one is seen whatever the grain believes.
        foreach (var ended in commit.Rows.OfType<AttemptRow>())
        {
            if (ended.Message is { } message && message.StartsWith("by attempt ", StringComparison.Ordinal))
            {
                Require(message == $"by attempt {ended.Number}", $"{row.Id}: attempt {ended.Number} was ended '{message}'");
            }
        }

        if (row.State == JobState.Completed && row.Id.Kind == JobKind.Train)
        {
            Require(
                Get(ledger.CheckpointsAsync(row.Id.Sweep)).Any(c => c.Job == row.Id && c.IsFinal && c.Status != CheckpointStatus.Bad),
                $"{row.Id} completed without a committed final checkpoint");
        }
    }

    private void CheckLease(LedgerCommit commit, JobRow row)
    {
        Require(row.State == JobState.Leased, $"{row.Id}: a new attempt while {row.State}");
        var sweep = Get(ledger.FindSweepAsync(row.Id.Sweep))!;
        var open = row.Id.Kind switch
        {
            JobKind.Train => SweepState.Running,
            JobKind.Preflight => SweepState.Preflight,
            _ => SweepState.Scoring,
        };
        Require(sweep.State == open, $"{row.Id} was leased while the sweep was {sweep.State}");
        Require(
            sweep.Wanted == Wanted.Run || (row.Id.Kind == JobKind.Preflight && sweep.Wanted == Wanted.Stop),
            $"{row.Id} was leased while {sweep.Wanted} was wanted of the sweep");
        Require(row.Wanted == Wanted.Run, $"{row.Id} was leased while {row.Wanted} was wanted of it");
        var worker = Get(ledger.FindWorkerAsync(row.Worker!))!;
        Require(worker.Incarnation == row.Incarnation, $"{row.Id} was leased to a dead life of {row.Worker}");
        Require(commit.Rows.OfType<AttemptRow>().Any(a => a.Number == row.Attempt), $"{row.Id}: a lease without its attempt");
    }

    private void Check(LedgerCommit commit, AttemptRow attempt)
    {
        var open = _open.GetValueOrDefault(attempt.Job);
        if (attempt.EndedAt is null)
        {
            Require(open == 0 || open == attempt.Number, $"{commit.Name}: {attempt.Job} has attempts {open} and {attempt.Number} open");
            _open[attempt.Job] = attempt.Number;
        }
        else
        {
            Require(open == attempt.Number, $"{commit.Name}: {attempt.Job} ended attempt {attempt.Number} while {open} was open");
            _open[attempt.Job] = 0;
        }
    }

    private void RequireNobodyLeft(SweepRow row)
    {
        var jobs = Get(ledger.JobsAsync(row.Id));
        if (row.State == SweepState.Paused)
        {
            Require(jobs.All(j => !j.State.IsHeld()), "the sweep was paused while a job was held");
        }

        if (row.State == SweepState.Scoring || row.State.HasEnded())
        {
            var left = jobs.FirstOrDefault(j => !j.State.HasEnded() && (row.State != SweepState.Scoring || j.Id.Kind == JobKind.Train));
            Require(left is null, $"the sweep became {row.State} while {left?.Id} was {left?.State}");
        }
    }

    private static T Get<T>(Task<T> done) => done.GetAwaiter().GetResult();

    private static void Require(bool so, string otherwise)
    {
        if (!so)
        {
            throw new InvariantException(otherwise);
        }
    }
}

/// <summary>A promise was broken.</summary>
internal sealed class InvariantException(string message) : Exception(message);
