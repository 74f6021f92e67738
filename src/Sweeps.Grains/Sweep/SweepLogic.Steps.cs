using Sweeps.Core.Faults;
using Sweeps.Core.Ids;
using Sweeps.Core.Ledger;
using Sweeps.Core.States;
using Sweeps.Grains.Trials;

namespace Sweeps.Grains.Sweep;

/// <content>The steps that the rows allow, one commit each.</content>
internal sealed partial class SweepLogic
{
    /// <summary>Takes one step.</summary>
    /// <returns>Whether there was one: the next may follow from it.</returns>
    private Task<bool> AdvanceAsync()
    {
        var (row, index) = (_row!, _index!);
        return row.State switch
        {
            SweepState.Preflight => AdvancePreflightAsync(row, index),
            SweepState.Running => AdvanceRunningAsync(row, index),
            SweepState.Paused => AdvancePausedAsync(row, index),
            SweepState.Scoring => AdvanceScoringAsync(row, index),
            _ => Task.FromResult(false),
        };
    }

    private async Task<bool> AdvancePreflightAsync(SweepRow row, SweepIndex index)
    {
        if (row.Wanted == Wanted.Cancel)
        {
            return await CancelAsync(row, index);
        }

        if (index.Of(JobKind.Preflight).OrderBy(j => j.Id).FirstOrDefault(j => j.State == JobState.Failed) is { } failed)
        {
            await FailPreflightAsync(row, index, failed);
            return true;
        }

        if (row.Wanted == Wanted.Pause)
        {
            return await PauseAsync(row, index);
        }

        if (index.Unfinished(JobKind.Preflight) > 0)
        {
            return false;
        }

        var measured = index.Of(JobKind.Preflight).ToList();
        var steps = measured
            .Where(j => j is { StepSeconds: > 0, SettingsJson: not null })
            .DistinctBy(j => j.SettingsJson)
            .ToDictionary(j => j.SettingsJson!, j => j.StepSeconds!.Value);
        var next = row with
        {
            State = SweepState.Running,
            PeakMemoryBytes = measured.Select(j => j.PeakMemoryBytes ?? 0).DefaultIfEmpty().Max(),
            EstimatedTrainerSeconds = steps.Count > 0 ? _planner.Estimate(row, steps) : row.EstimatedTrainerSeconds,
        };
        await CommitAsync("start", next, SweepTransition.Start, Happened("start", $"the preflight passed; {row.TrialCount} trials"));
        return true;
    }

    private async Task<bool> AdvanceRunningAsync(SweepRow row, SweepIndex index)
    {
        if (row.Wanted == Wanted.Cancel)
        {
            return await CancelAsync(row, index);
        }

        if (index.Unfinished(JobKind.Train) == 0)
        {
            await FinishAsync(row, index);
            return true;
        }

        if (IsOutOfTime(row))
        {
            await CommitAsync(
                "max-time",
                row with { Wanted = Wanted.Stop },
                null,
                Happened("max-time", $"max_time of {Facts.MaxTimeSeconds:0.#} s is reached: the trials checkpoint and stop"));
            _tellHeld = true;
            return true;
        }

        return row.Wanted == Wanted.Pause && await PauseAsync(row, index);
    }

    private async Task<bool> AdvancePausedAsync(SweepRow row, SweepIndex index)
    {
        switch (row.Wanted)
        {
            case Wanted.Cancel:
                return await CancelAsync(row, index);
            case Wanted.Run:
                var toPreflight = index.Unfinished(JobKind.Preflight) > 0;
                var next = row with { State = toPreflight ? SweepState.Preflight : SweepState.Running, ActiveSince = Now };
                await CommitAsync(
                    "resume",
                    next,
                    toPreflight ? SweepTransition.ResumePreflight : SweepTransition.Resume,
                    Happened("resume", "the sweep goes on"));
                return true;
            default:
                return false;
        }
    }

    private async Task<bool> AdvanceScoringAsync(SweepRow row, SweepIndex index)
    {
        if (index.Of(JobKind.Evaluate).MaxBy(j => j.Id.Number) is not { } job || !job.State.HasEnded())
        {
            return false;
        }

        if (row.Wanted == Wanted.Cancel && job.State != JobState.Completed)
        {
            return await CancelAsync(row, index);
        }

        var reason = job.State == JobState.Completed ? null : $"the test score is missing: {job.Message ?? "its evaluation was cancelled"}";
        await CompleteAsync(row, row.Winner, reason);
        return true;
    }

    /// <summary>Every trial has ended: the winner and its evaluation job are one commit.</summary>
    private async Task FinishAsync(SweepRow row, SweepIndex index)
    {
        if (SweepRules.Winner(index.Of(JobKind.Train), row.ToObjective()) is not { } winner)
        {
            var reason = WhyNoResult(index);
            var failed = SweepRules.Stopped(row, Now) with
            {
                State = SweepState.Failed,
                Wanted = Wanted.Run,
                Reason = reason,
                FinishedAt = Now,
            };
            await CommitAsync("fail", failed, SweepTransition.Fail, Happened("sweep-failed", reason));
            return;
        }

        if (!Facts.HasTest)
        {
            await CompleteAsync(row, winner.Id.Number, null);
            return;
        }

        var number = index.Of(JobKind.Evaluate).Select(j => j.Id.Number).DefaultIfEmpty().Max() + 1;
        var evaluation = new JobRow
        {
            Id = new JobId(_id, JobKind.Evaluate, number),
            Trial = winner.Id.Number,
            State = JobState.Queued,
        };
        var next = row with { State = SweepState.Scoring, Wanted = Wanted.Run, Winner = winner.Id.Number };
        await CommitAsync(
            "score",
            next,
            SweepTransition.Score,
            evaluation,
            Happened("score", $"trial {winner.Id.Number} is chosen ({row.ObjectiveMetric} {winner.BestValue:0.####}) and is scored on the test split"));
        CrashPoint.Hit("winner-after-commit");
    }

    private Task CompleteAsync(SweepRow row, int? winner, string? reason)
    {
        var next = SweepRules.Stopped(row, Now) with
        {
            State = SweepState.Completed,
            Wanted = Wanted.Run,
            Winner = winner,
            Reason = reason,
            FinishedAt = Now,
        };
        return CommitAsync(
            "complete", next, SweepTransition.Complete, Happened("completed", reason ?? $"completed; trial {winner} is the best"));
    }

    private async Task<bool> PauseAsync(SweepRow row, SweepIndex index)
    {
        if (index.Held.Count > 0)
        {
            return false;
        }

        var next = SweepRules.Stopped(row, Now) with { State = SweepState.Paused };
        await CommitAsync("pause", next, SweepTransition.Pause, Happened("paused", "every trial has checkpointed"));
        return true;
    }

    /// <summary>The sweep is cancelled once each of its jobs has ended by a commit of its own.</summary>
    private async Task<bool> CancelAsync(SweepRow row, SweepIndex index)
    {
        if (index.Unfinished() > 0)
        {
            return false;
        }

        var next = SweepRules.Stopped(row, Now) with
        {
            State = SweepState.Cancelled,
            FinishedAt = Now,
            Reason = "cancelled by a person",
        };
        await CommitAsync("cancel", next, SweepTransition.Cancel, Happened("cancelled", "the sweep is cancelled"));
        return true;
    }

    /// <summary>One commit ends the sweep and every job of it: no trial has begun.</summary>
    private async Task FailPreflightAsync(SweepRow row, SweepIndex index, JobRow failed)
    {
        var rows = new List<LedgerRow> { Happened("preflight-failed", failed.Message ?? "the preflight failed") };
        foreach (var job in index.All.Where(j => !j.State.HasEnded()))
        {
            var (next, _) = JobRules.Move(job, JobTransition.Cancel, Now);
            rows.Add(next with { Message = "the preflight failed" });
            if (job.State.IsHeld() && await _ledger.FindJobAsync(job.Id) is { OpenAttempt: { EndedAt: null } attempt })
            {
                rows.Add(attempt with { EndedAt = Now, Outcome = "cancelled", Message = "the preflight failed" });
            }
        }

        var ended = SweepRules.Stopped(row, Now) with
        {
            State = SweepState.Failed,
            Wanted = Wanted.Run,
            Reason = $"the preflight failed: {failed.Message}",
            FinishedAt = Now,
        };
        _tellHeld = true;
        await CommitAsync("fail", ended, SweepTransition.Fail, [.. rows]);
    }

    private bool IsOutOfTime(SweepRow row) =>
        row is { State: SweepState.Running, Wanted: Wanted.Run or Wanted.Pause }
        && Facts.MaxTimeSeconds is { } limit
        && SweepRules.ActiveSeconds(row, Now) >= limit;

    private static string WhyNoResult(SweepIndex index)
    {
        var parts = new[] { JobState.Failed, JobState.Cancelled, JobState.Stopped, JobState.Completed }
            .Select(s => (State: s, Count: index.Count(JobKind.Train, s)))
            .Where(x => x.Count > 0)
            .Select(x => $"{x.Count} {x.State.ToString().ToLowerInvariant()}");
        var last = index.Of(JobKind.Train).Where(j => j.State == JobState.Failed).OrderBy(j => j.Id).FirstOrDefault();
        var why = last is null ? "" : $"; trial {last.Id.Number}: {last.Message}";
        return $"no trial has a result ({string.Join(", ", parts)}){why}";
    }
}
