using Sweeps.Abstractions.Trials;
using Sweeps.Core.Ids;
using Sweeps.Core.Ledger;
using Sweeps.Core.Planning;
using Sweeps.Core.Spec;
using Sweeps.Core.States;
using Sweeps.Core.Trainer;
using Sweeps.Grains.Trials;

namespace Sweeps.Grains.Sweep;

/// <summary>What a sweep decides from its rows: pure functions.</summary>
internal static class SweepRules
{
    /// <summary>Ready jobs told to the dispatcher at once, at least: it is told again whenever one of them is leased.</summary>
    private const int LeastReady = 64;

    /// <summary>The winner: the best objective among completed and stopped trials; of equals the lowest number. Null: none has a result.</summary>
    public static JobRow? Winner(IEnumerable<JobRow> trials, Objective objective)
    {
        JobRow? best = null;
        foreach (var trial in trials)
        {
            if (trial.State is not (JobState.Completed or JobState.Stopped)
                || trial.BestValue is not { } value
                || !double.IsFinite(value))
            {
                continue;
            }

            var better = best is null
                || objective.IsBetter(value, best.BestValue)
                || (value.Equals(best.BestValue) && trial.Id.Number < best.Id.Number);
            if (better)
            {
                best = trial;
            }
        }

        return best;
    }

    /// <summary>The kind of jobs that are leased in a state; null: none.</summary>
    public static JobKind? OpenKind(SweepState state) => state switch
    {
        SweepState.Preflight => JobKind.Preflight,
        SweepState.Running => JobKind.Train,
        SweepState.Scoring => JobKind.Evaluate,
        _ => null,
    };

    /// <summary>Jobs that may be leased now, best first: within the concurrency, not before their time, suspects alone.</summary>
    public static IReadOnlyList<JobRow> Ready(SweepRow sweep, SweepIndex index, int concurrency, long now)
    {
        if (OpenKind(sweep.State) is not { } kind)
        {
            return [];
        }

        var held = index.Held.Count(j => j.Id.Kind == kind);
        var room = Math.Max(LeastReady, 4 * held);
        if (kind == JobKind.Train && concurrency > 0)
        {
            room = Math.Min(room, concurrency - held);
        }

        if (index.Held.Any(IsSuspect))
        {
            return [];
        }

        var ready = new List<JobRow>();
        foreach (var job in index.Queued(kind))
        {
            if (ready.Count >= room)
            {
                break;
            }

            if (job.NotBefore > now || JobRules.Wish(job, sweep) != Wanted.Run)
            {
                continue;
            }

            if (IsSuspect(job))
            {
                // Sorted last: it runs when nothing else does, so a poison trial takes nobody with it.
                if (ready.Count == 0 && held == 0)
                {
                    ready.Add(job);
                }

                break;
            }

            ready.Add(job);
        }

        return ready;
    }

    /// <summary>Wall seconds while not paused, until now.</summary>
    public static double ActiveSeconds(SweepRow sweep, long now) =>
        sweep.ActiveSeconds + (sweep.ActiveSince is { } since ? Math.Max(0, now - since) / 1000.0 : 0);

    /// <summary>The row with its clock stopped.</summary>
    public static SweepRow Stopped(SweepRow sweep, long now) =>
        sweep with { ActiveSeconds = ActiveSeconds(sweep, now), ActiveSince = null };

    /// <summary>Estimate of the wall seconds left; null when nothing is known yet.</summary>
    /// <param name="sweep">The sweep.</param>
    /// <param name="facts">Its plan.</param>
    /// <param name="index">Its jobs.</param>
    /// <param name="running">What runs now, with how far it is: newer than the rows, which change with checkpoints.</param>
    public static double? SecondsLeft(SweepRow sweep, SweepFacts facts, SweepIndex index, IReadOnlyCollection<LiveTrial> running)
    {
        if (sweep.State.HasEnded())
        {
            return 0;
        }

        var live = running
            .Where(r => r.Progress is { TotalSteps: > 0 })
            .ToDictionary(r => r.Job, r => r.Progress!);
        var trials = index.Of(JobKind.Train).ToList();
        var pace = Pace(sweep, facts, trials, live);
        double total = 0, longest = 0;
        var open = 0;
        foreach (var trial in trials.Where(t => !t.State.HasEnded()))
        {
            open++;
            var now = live.GetValueOrDefault(trial.Id);
            if ((trial is { Step: > 0, Seconds: > 0 } ? trial.Seconds / trial.Step : now?.StepSeconds ?? pace) is not { } each)
            {
                return null;
            }

            var steps = trial.TotalSteps > 0 ? trial.TotalSteps
                : now?.TotalSteps ?? (double)facts.TotalSteps / Math.Max(1, sweep.TrialCount);
            var seconds = each * Math.Max(0, steps - Math.Max(trial.Step, now?.Step ?? 0));
            total += seconds;
            longest = Math.Max(longest, seconds);
        }

        // A slot may hold the lease of its next trial too, which does not run yet.
        var parallel = Math.Max(1, index.Held.Select(j => (j.Worker, j.Slot)).Distinct().Count());
        if (facts.Concurrency > 0)
        {
            parallel = Math.Min(parallel, facts.Concurrency);
        }

        return open == 0 ? 0 : Math.Max(longest, total / Math.Min(parallel, open));
    }

    /// <summary>
    /// Seconds a step of a trial that has not begun, evaluations included: as the trials so far took them, before as the
    /// preflight measured, without one as those that run take them now.
    /// </summary>
    private static double? Pace(SweepRow sweep, SweepFacts facts, List<JobRow> trials, Dictionary<JobId, ProgressFrame> live)
    {
        var begun = trials.Where(t => t is { Step: > 0, Seconds: > 0 }).ToList();
        return begun.Count > 0 ? begun.Sum(t => t.Seconds) / begun.Sum(t => (double)t.Step)
            : sweep.EstimatedTrainerSeconds is { } all && facts.TotalSteps > 0 ? all / facts.TotalSteps
            : live.Values.Where(p => p.StepSeconds > 0).Average(p => p.StepSeconds);
    }

    private static bool IsSuspect(JobRow job) => job.SiloDeaths >= JobRules.SuspectDeaths;
}
