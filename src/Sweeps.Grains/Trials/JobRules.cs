using Sweeps.Core.Ids;
using Sweeps.Core.Ledger;
using Sweeps.Core.States;

namespace Sweeps.Grains.Trials;

/// <summary>What becomes of a job: pure functions from its row to the next one.</summary>
internal static class JobRules
{
    /// <summary>
    /// Silo deaths in a row, without progress, from which a job runs alone in its sweep, so that one poison trial
    /// quarantines itself only. Two may be a person's doing; running alone is slow.
    /// </summary>
    public const int SuspectDeaths = 3;

    /// <summary>What is wanted of a job: the stronger of its own wish and the sweep's, as far as the kind knows it.</summary>
    public static Wanted Wish(JobRow job, SweepRow sweep)
    {
        if (sweep.State.HasEnded())
        {
            return Wanted.Cancel;
        }

        var own = sweep.Wanted;
        return job.Id.Kind switch
        {
            JobKind.Train => job.Wanted > own ? job.Wanted : own,

            // Nothing to stop yet: max_time acts once trials run.
            JobKind.Preflight => own == Wanted.Stop ? Wanted.Run : own,

            // Scoring takes seconds and happens after every limit: only a cancellation ends it.
            _ => own == Wanted.Cancel ? Wanted.Cancel : Wanted.Run,
        };
    }

    /// <summary>Whether jobs of this kind are leased while the sweep is so.</summary>
    public static bool IsOpen(JobKind kind, SweepState state) => kind switch
    {
        JobKind.Train => state == SweepState.Running,
        JobKind.Preflight => state == SweepState.Preflight,
        _ => state == SweepState.Scoring,
    };

    /// <summary>The transition that a wish asks of a job nobody holds, or whose attempt has just ended; null for run.</summary>
    public static JobTransition? Ends(Wanted wish) => wish switch
    {
        Wanted.Pause => JobTransition.Pause,
        Wanted.Stop => JobTransition.Stop,
        Wanted.Cancel => JobTransition.Cancel,
        _ => null,
    };

    /// <summary>Retries that a kind has: a person's setting for trials; three failures end an evaluation; a preflight fails fast.</summary>
    public static int Retries(JobKind kind, FailureClass failure, int setting) => kind switch
    {
        JobKind.Train => setting,
        JobKind.Preflight when failure is FailureClass.OutOfMemory or FailureClass.NonFiniteLoss => 0,
        _ => 2,
    };

    /// <summary>An attempt failed.</summary>
    /// <param name="job">The job, held.</param>
    /// <param name="wish">What is wanted of it.</param>
    /// <param name="failure">Class.</param>
    /// <param name="message">Words for people.</param>
    /// <param name="retries">Retries it has.</param>
    /// <param name="jitter">Uniform in [0, 1).</param>
    /// <param name="now">Unix milliseconds.</param>
    public static (JobRow Row, JobTransition Transition) AfterFailure(
        JobRow job, Wanted wish, FailureClass failure, string? message, int retries, double jitter, long now)
    {
        var failed = job with { Failures = job.Failures + 1, FailureClass = failure, Message = message };
        if (wish is Wanted.Cancel or Wanted.Stop)
        {
            return Move(failed, Ends(wish)!.Value, now);
        }

        if (!RetryRules.MayRetry(failure) || failed.Failures > retries)
        {
            return Move(failed, JobTransition.Fail, now);
        }

        if (wish == Wanted.Pause)
        {
            return Move(failed, JobTransition.Pause, now);
        }

        var delay = RetryRules.Delay(failed.Failures, jitter);
        var queued = failed with
        {
            Front = delay == TimeSpan.Zero,
            NotBefore = delay == TimeSpan.Zero ? 0 : now + (long)delay.TotalMilliseconds,
        };
        return Move(queued, JobTransition.Requeue, now);
    }

    /// <summary>An attempt's lease was lost: free of charge, unless its silo died for the fifth time in a row without progress.</summary>
    public static (JobRow Row, JobTransition Transition) AfterLoss(JobRow job, Wanted wish, bool siloDied, long now)
    {
        var lost = job with { SiloDeaths = job.SiloDeaths + (siloDied ? 1 : 0), Front = true, NotBefore = 0 };
        if (Ends(wish) is { } transition)
        {
            return Move(lost, transition, now);
        }

        if (siloDied && lost.SiloDeaths >= RetryRules.PoisonDeaths)
        {
            var poison = lost with
            {
                FailureClass = FailureClass.Poison,
                Message = $"quarantined: the silo died {lost.SiloDeaths} times in a row while it ran, without a new checkpoint; retry it once the cause is known",
            };
            return Move(poison, JobTransition.Fail, now);
        }

        return Move(lost, JobTransition.Requeue, now);
    }

    /// <summary>An attempt was given back: free of charge.</summary>
    public static (JobRow Row, JobTransition Transition) AfterRelease(JobRow job, Wanted wish, long now) =>
        Move(job with { Front = true, NotBefore = 0 }, Ends(wish) ?? JobTransition.Requeue, now);

    /// <summary>The row after a transition, by the table.</summary>
    /// <exception cref="InvalidOperationException">The table does not know it.</exception>
    public static (JobRow Row, JobTransition Transition) Move(JobRow job, JobTransition transition, long now)
    {
        var state = job.State.Next(transition);
        var row = job with { State = state, FinishedAt = state.HasEnded() ? now : null };
        if (state != JobState.Queued)
        {
            row = row with { Front = false, NotBefore = 0 };
        }

        return (row, transition);
    }

    /// <summary>Another go for a failed or cancelled job, with its counts afresh.</summary>
    public static (JobRow Row, JobTransition Transition) Retried(JobRow job, long now)
    {
        var fresh = job with
        {
            Wanted = Wanted.Run,
            Failures = 0,
            SiloDeaths = 0,
            FailureClass = null,
            Message = null,
        };
        return Move(fresh, JobTransition.Retry, now);
    }
}
