using Sweeps.Core.Ids;
using Sweeps.Core.Ledger;
using Sweeps.Core.States;
using Sweeps.Storage.Memory;

namespace Sweeps.Tests.Simulation;

/// <summary>What must hold once a sweep is over, computed from the rows without the product's own rules.</summary>
internal static class Promises
{
    /// <summary>The first promise that does not hold; null when all do.</summary>
    public static string? Check(InMemoryLedger rows, string sweepId, SimOptions options)
    {
        var sweep = Get(rows.FindSweepAsync(sweepId))!;
        var jobs = Get(rows.JobsAsync(sweepId));
        var checkpoints = Get(rows.CheckpointsAsync(sweepId));
        foreach (var job in jobs)
        {
            if (!job.State.HasEnded())
            {
                return $"{job.Id} is {job.State} in a sweep that is {sweep.State}";
            }

            if (CheckAttempts(job, Get(rows.AttemptsAsync(job.Id))) is { } wrong)
            {
                return wrong;
            }

            if (job.Id.Kind == JobKind.Train
                && CheckTrial(job, checkpoints.Where(c => c.Job == job.Id).ToList(), Get(rows.EvaluationsAsync(job.Id)), options) is { } why)
            {
                return why;
            }
        }

        return CheckSweep(sweep, jobs, rows, options);
    }

    private static string? CheckAttempts(JobRow job, IReadOnlyList<AttemptRow> attempts)
    {
        if (!attempts.Select(a => a.Number).SequenceEqual(Enumerable.Range(1, job.Attempt)))
        {
            return $"{job.Id} has attempts {string.Join(',', attempts.Select(a => a.Number))}, its row says {job.Attempt}";
        }

        return attempts.FirstOrDefault(a => a.EndedAt is null) is { } open ? $"{job.Id}: attempt {open.Number} is open" : null;
    }

    private static string? CheckTrial(
        JobRow job, List<CheckpointRow> checkpoints, IReadOnlyList<EvaluationRow> evaluations, SimOptions options)
    {
        var kept = checkpoints.Where(c => c.Status == CheckpointStatus.Kept).ToList();
        if (job.BestStep is { } best && !kept.Any(c => c.IsBest && c.Step == best))
        {
            return $"{job.Id}: its best at step {best} names no kept checkpoint";
        }

        if (kept.Count(c => c.IsBest) > 1)
        {
            return $"{job.Id} has several best checkpoints";
        }

        if (evaluations.FirstOrDefault(e => e.MacroF1 != Scores.Of(job.Id.Number, e.Step)) is { } false_)
        {
            return $"{job.Id}: the evaluation at step {false_.Step} is wrong";
        }

        switch (job.State)
        {
            case JobState.Completed:
                return CheckCompleted(job, kept, evaluations, options);
            case JobState.Failed when job.FailureClass == FailureClass.Poison:
                return job.SiloDeaths >= RetryRules.PoisonDeaths ? null : $"{job.Id} is quarantined after {job.SiloDeaths} deaths";
            case JobState.Failed:
                return job.Failures > options.Retries ? null : $"{job.Id} failed after {job.Failures} failures of {options.Retries} retries";
            default:
                return null;
        }
    }

    private static string? CheckCompleted(
        JobRow job, List<CheckpointRow> kept, IReadOnlyList<EvaluationRow> evaluations, SimOptions options)
    {
        var steps = Enumerable.Range(1, options.Steps)
            .Where(s => s % options.EvaluateEvery == 0 || s == options.Steps)
            .ToList();
        if (!evaluations.Select(e => e.Step).Order().SequenceEqual(steps))
        {
            return $"{job.Id} completed with evaluations at {string.Join(',', evaluations.Select(e => e.Step))}, not {string.Join(',', steps)}";
        }

        var best = steps.Max(s => Scores.Of(job.Id.Number, s));
        if (job.BestValue != best || Scores.Of(job.Id.Number, job.BestStep!.Value) != best)
        {
            return $"{job.Id} completed with best {job.BestValue} at {job.BestStep}, not {best}";
        }

        if (job.FinalSha256 != $"w-{job.Id.Number}" || job.Step != options.Steps)
        {
            return $"{job.Id} completed with weights {job.FinalSha256} at step {job.Step}";
        }

        return kept is [{ IsBest: true }] ? null : $"{job.Id} completed and keeps {kept.Count} checkpoints";
    }

    private static string? CheckSweep(SweepRow sweep, IReadOnlyList<JobRow> jobs, InMemoryLedger rows, SimOptions options)
    {
        if (sweep.FinishedAt is null || sweep.ActiveSince is not null)
        {
            return $"the sweep is {sweep.State} and its clock runs";
        }

        var candidates = jobs
            .Where(j => j.Id.Kind == JobKind.Train && j.State is JobState.Completed or JobState.Stopped && j.BestValue is not null)
            .OrderByDescending(j => j.BestValue)
            .ThenBy(j => j.Id.Number)
            .ToList();
        switch (sweep.State)
        {
            case SweepState.Completed when sweep.Winner != candidates.FirstOrDefault()?.Id.Number:
                return $"trial {sweep.Winner} won, not {candidates.FirstOrDefault()?.Id}";
            case SweepState.Completed when options.HasTest:
                var last = jobs.Where(j => j.Id.Kind == JobKind.Evaluate).MaxBy(j => j.Id.Number);
                var scored = last?.State == JobState.Completed && Get(rows.EvaluationsAsync(last.Id)) is [{ Split: "test" }];
                return (scored && sweep.Reason is null && last!.Trial == sweep.Winner) || (last?.State == JobState.Failed && sweep.Reason is not null)
                    ? null
                    : $"the test score is {last?.State} and the reason is '{sweep.Reason}'";
            case SweepState.Failed when candidates.Count > 0:
                return $"the sweep failed, and {candidates[0].Id} has a result";
            case SweepState.Cancelled when !options.Cancels:
                return "the sweep was cancelled, and nobody asked for it";
            default:
                return null;
        }
    }

    private static T Get<T>(Task<T> done) => done.GetAwaiter().GetResult();
}
