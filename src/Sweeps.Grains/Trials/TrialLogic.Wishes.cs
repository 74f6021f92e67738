using Sweeps.Abstractions.Trials;
using Sweeps.Core.Ids;
using Sweeps.Core.Ledger;
using Sweeps.Core.States;

namespace Sweeps.Grains.Trials;

/// <content>What a person wants of this trial, and how a wish on a job that nobody holds is carried out.</content>
internal sealed partial class TrialLogic
{
    /// <summary>Writes the wish; the state follows at once when nobody holds the job.</summary>
    public Task<WishAnswer> WishAsync(Wanted wanted) => _serial.RunAsync(async () =>
    {
        if (await LoadAsync(again: true) is not { } record || _job.Kind != JobKind.Train)
        {
            return new WishAnswer(false, $"there is no trial {_job}");
        }

        var job = record.Job;
        if (job.State.HasEnded())
        {
            return new WishAnswer(
                job.State == JobState.Cancelled && wanted == Wanted.Cancel,
                $"trial {_job.Number} has ended: it is {Word(job.State)}");
        }

        if (job.Wanted > wanted && job.Wanted is Wanted.Stop or Wanted.Cancel)
        {
            return new WishAnswer(false, $"trial {_job.Number} is being {(job.Wanted == Wanted.Stop ? "stopped" : "cancelled")} already");
        }

        if (job.Wanted != wanted)
        {
            var kind = wanted == Wanted.Run ? "resume-wanted" : $"{wanted.ToString().ToLowerInvariant()}-wanted";
            await CommitAsync("wish", record, job with { Wanted = wanted }, [Happened(kind, $"{Word(wanted)} is wanted")]);
        }

        record = _record!;
        if (record.Job.State.IsHeld())
        {
            _peers.Nudge(record.Job.Worker!, _job, record.Job.Incarnation);
            return new WishAnswer(true, wanted == Wanted.Run
                ? $"trial {_job.Number} goes on"
                : $"trial {_job.Number} checkpoints and is then {Past(wanted)}");
        }

        await SettleWishAsync(record);
        var waits = _record!.Job.State == JobState.Queued && (_sweep!.State == SweepState.Paused || _sweep.Wanted == Wanted.Pause)
            ? $"; the sweep is paused, so nothing runs before: sweeps resume {_job.Sweep}"
            : string.Empty;
        return new WishAnswer(true, $"trial {_job.Number} is {Word(_record.Job.State)}{waits}");
    });

    /// <summary>Queues a failed or cancelled trial again, in a sweep that has no score yet.</summary>
    public Task<WishAnswer> RetryAsync() => _serial.RunAsync(async () =>
    {
        if (await LoadAsync(again: true) is not { } record || _job.Kind != JobKind.Train)
        {
            return new WishAnswer(false, $"there is no trial {_job}");
        }

        var (job, sweep) = (record.Job, _sweep!);
        if (job.State is not (JobState.Failed or JobState.Cancelled))
        {
            return new WishAnswer(!job.State.HasEnded(), $"trial {_job.Number} is {Word(job.State)}; only failed and cancelled trials are retried");
        }

        if (sweep.State is not (SweepState.Running or SweepState.Paused) || sweep.Wanted >= Wanted.Stop)
        {
            return new WishAnswer(false, $"the sweep is {Word(sweep.State)}; retry it through the sweep, or clone it when it is scored");
        }

        // The sweep's row is written too: a choice of the winner that was drawn up without this trial is then refused.
        var (next, _) = JobRules.Retried(job, Now);
        await CommitAsync("retry", record, next, [sweep, Happened("retry", "another go, asked for by a person")]);
        _sweep = null;
        return new WishAnswer(true, $"trial {_job.Number} is queued again");
    });

    /// <summary>Carries out what is wanted of a job that nobody holds; brings a paused one back when nothing holds it any more.</summary>
    private async Task SettleWishAsync(JobRecord record)
    {
        var (job, sweep) = (record.Job, _sweep!);
        var wish = Wish(record);
        JobTransition? transition = (job.State, wish) switch
        {
            (JobState.Queued or JobState.Paused, Wanted.Cancel) => JobTransition.Cancel,
            (JobState.Queued or JobState.Paused, Wanted.Stop) => JobTransition.Stop,

            // A paused sweep's queued trials stay queued: only a trial's own pause sets it aside.
            (JobState.Queued, Wanted.Pause) when job.Wanted == Wanted.Pause => JobTransition.Pause,
            (JobState.Paused, Wanted.Run) when JobRules.IsOpen(_job.Kind, sweep.State) => JobTransition.Resume,
            _ => null,
        };
        if (transition is not { } t)
        {
            return;
        }

        var (next, _) = JobRules.Move(job, t, Now);
        var kind = Word(next.State);
        List<LedgerRow> rows = [Happened(t == JobTransition.Resume ? "resume" : kind, t == JobTransition.Resume ? "queued again" : $"{kind} while nobody held it")];
        rows.AddRange(DroppedAtEnd(record, next));
        await CommitAsync(t.ToString().ToLowerInvariant(), record, next, rows);
        _peers.Settled(_job, _record!.Job.Change);
    }

    private static string Word(JobState state) => state.ToString().ToLowerInvariant();

    private static string Word(SweepState state) => state.ToString().ToLowerInvariant();

    private static string Word(Wanted wanted) => wanted.ToString().ToLowerInvariant();

    private static string Past(Wanted wanted) => wanted switch
    {
        Wanted.Pause => "paused",
        Wanted.Stop => "stopped",
        _ => "cancelled",
    };
}
