using Sweeps.Abstractions.Trials;
using Sweeps.Core.Ledger;
using Sweeps.Core.States;
using Sweeps.Core.Trainer;
using Sweeps.Grains.Logic;
using Sweeps.Grains.Telemetry;

namespace Sweeps.Grains.Trials;

/// <content>Heartbeats, the lease's tick, and what ends a lease early.</content>
internal sealed partial class TrialLogic
{
    /// <summary>The holder lives. Answered from memory while another call is being carried out.</summary>
    public async Task<HeartbeatAnswer> HeartbeatAsync(HeartbeatRequest request)
    {
        if (_serial.IsBusy && _record is { } record && _sweep is not null && Holds(record.Job, request))
        {
            Hear(request);
            return new HeartbeatAnswer(false, Wish(record));
        }

        return await _serial.RunAsync(() => ServeAsync(request));
    }

    private async Task<HeartbeatAnswer> ServeAsync(HeartbeatRequest request)
    {
        // A second activation that no longer is the right one would keep a zombie alive without this.
        var record = await LoadAsync(again: _time.GetElapsedTime(_readAt) >= RereadEvery);
        if (record is not null && !Holds(record.Job, request))
        {
            record = await LoadAsync(again: true);
        }

        if (record is null || !Holds(record.Job, request))
        {
            SweepsMeter.Fenced.Add(1);
            return new HeartbeatAnswer(true, Wanted.Run);
        }

        Hear(request);
        var next = record.Job;
        var rows = new List<LedgerRow>();
        if (next.State == JobState.Leased)
        {
            (next, _) = JobRules.Move(next, JobTransition.Start, Now);
        }

        if (request.Progress is { } progress)
        {
            next = next with
            {
                TotalSteps = progress.TotalSteps > 0 ? progress.TotalSteps : next.TotalSteps,
                TrainableParameters = progress.TrainableParameters ?? next.TrainableParameters,
                TotalParameters = progress.TotalParameters ?? next.TotalParameters,
            };
            if (await RecoveredAsync(record, progress.Step, progress.ResumedFrom) is { } recovered)
            {
                rows.Add(recovered);
            }
        }

        if (next.State != record.Job.State || rows.Count > 0)
        {
            await CommitAsync("start", record, next, rows);
        }

        return new HeartbeatAnswer(false, Wish(_record!));
    }

    /// <summary>
    /// Counts one tick of the lease's clock; ends the attempt when nobody was heard for the lease's time. Called every
    /// <see cref="Abstractions.LeaseOptions.Tick"/>.
    /// </summary>
    public async Task TickAsync()
    {
        if (!_clock.Tick() || _serial.IsBusy || (_record is { } known && !known.Job.State.IsHeld()))
        {
            return;
        }

        await _serial.RunAsync(async () =>
        {
            var record = await LoadAsync(again: true);
            if (record is not null && record.Job.State.IsHeld() && _clock.IsExpired)
            {
                SweepsMeter.Expiries.Add(1);
                await LoseAsync(record, "not heard for the whole lease", await SiloDiedAsync(record.Job));
            }
        });
    }

    /// <summary>
    /// A hint: reads the rows again, ends the lease of a life that is over, and carries out a wish on a job that nobody
    /// holds.
    /// </summary>
    public Task PokeAsync(WorkerLife? lostIncarnation) => _serial.RunAsync(async () =>
    {
        if (await LoadAsync(again: true) is not { } record)
        {
            return;
        }

        var job = record.Job;
        if (job.State.IsHeld())
        {
            var told = lostIncarnation is { } life && life.Worker == job.Worker && life.Incarnation >= job.Incarnation;
            if (told || await SiloDiedAsync(job))
            {
                await LoseAsync(record, $"incarnation {job.Incarnation} of {job.Worker} has ended", siloDied: true);
            }
            else if (Wish(record) != Wanted.Run)
            {
                _peers.Nudge(job.Worker!, _job, job.Incarnation);
            }

            return;
        }

        await SettleWishAsync(record);
    });

    /// <summary>The worker says twice that no slot of it holds the attempt: released free of charge.</summary>
    public Task DisownAsync(int attempt) => _serial.RunAsync(async () =>
    {
        if (await LoadAsync(again: true) is { } record && record.Job.State.IsHeld() && record.Job.Attempt == attempt)
        {
            var (next, transition) = JobRules.AfterRelease(record.Job, Wish(record), Now);
            await EndAsync(record, next, transition, "released", "the grant never reached its slot");
        }
    });

    private static bool Holds(JobRow job, HeartbeatRequest request) =>
        job.State.IsHeld()
        && job.Attempt == request.Attempt
        && job.Worker == request.Life.Worker
        && job.Incarnation == request.Life.Incarnation;

    private void Hear(HeartbeatRequest request)
    {
        _clock.Heard();
        if (request.Progress is { } progress)
        {
            _progress = progress;
            if (progress.StepSeconds is > 0 and var seconds)
            {
                SweepsMeter.StepSeconds.Record(seconds);
            }
        }
    }

    private async Task<bool> SiloDiedAsync(JobRow job) =>
        job.Worker is { } worker
        && await _ledger.FindWorkerAsync(worker) is { } row
        && row.Incarnation > job.Incarnation;

    private Task LoseAsync(JobRecord record, string why, bool siloDied)
    {
        var (next, transition) = JobRules.AfterLoss(record.Job, Wish(record), siloDied, Now);
        return EndAsync(record, next, transition, "lost", why);
    }

    /// <summary>The attempt's row with its recovery time, once, at its first new step; null when it is none or known already.</summary>
    private async Task<AttemptRow?> RecoveredAsync(JobRecord record, int step, int resumedFrom)
    {
        if (record.OpenAttempt is not { Number: > 1, RecoverySeconds: null } attempt || step <= resumedFrom)
        {
            return null;
        }

        if (_formerOf != attempt.Number)
        {
            var former = (await _queries.AttemptsAsync(_job)).FirstOrDefault(a => a.Number == attempt.Number - 1);
            _formerOf = attempt.Number;
            _formerEndedAt = IsRecovery(former) ? former!.EndedAt : null;
        }

        if (_formerEndedAt is not { } endedAt)
        {
            return null;
        }

        var seconds = Math.Max(0, (Now - endedAt) / 1000.0);
        SweepsMeter.RecoverySeconds.Record(seconds);
        return attempt with { RecoverySeconds = seconds };
    }
}
