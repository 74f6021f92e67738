using Sweeps.Abstractions.Trials;
using Sweeps.Abstractions.Workers;
using Sweeps.Core.Faults;
using Sweeps.Core.Homes;
using Sweeps.Core.Ids;
using Sweeps.Core.Ledger;
using Sweeps.Core.States;
using Sweeps.Core.Trainer;
using Sweeps.Grains.Telemetry;

namespace Sweeps.Grains.Trials;

/// <content>The grant: attempt n+1 is committed before it is answered.</content>
internal sealed partial class TrialLogic
{
    /// <summary>Folders of former attempts that a replay is compared with, at most.</summary>
    private const int MaxFormer = 20;

    /// <summary>Grants the job, or says why not.</summary>
    public async Task<LeaseAnswer> LeaseAsync(LeaseRequest request)
    {
        var answer = await _serial.RunAsync(() => TryLeaseAsync(request));
        if (!answer.Granted)
        {
            _peers.Settled(_job, _record?.Job.Change ?? 0);
        }

        return answer;
    }

    private async Task<LeaseAnswer> TryLeaseAsync(LeaseRequest request)
    {
        // A grant is decided on fresh rows only: the sweep's and the worker's are guarded in the same commit.
        if (await LoadAsync(again: true) is not { } record)
        {
            return Refused($"there is no job {_job}");
        }

        if (IsSameRequest(record.Job, request))
        {
            return Granted(await AssignAsync(record));
        }

        var worker = await _ledger.FindWorkerAsync(request.Worker);
        if (worker is null || worker.Incarnation != request.Incarnation)
        {
            return Refused($"worker {request.Worker} has incarnation {worker?.Incarnation ?? 0}, not {request.Incarnation}");
        }

        var (job, sweep) = (record.Job, _sweep!);
        if (job.State != JobState.Queued || job.NotBefore > Now)
        {
            return Refused(job.State != JobState.Queued ? $"it is {job.State}" : "its next try is not due yet");
        }

        if (!JobRules.IsOpen(_job.Kind, sweep.State) || Wish(record) != Wanted.Run)
        {
            return Refused($"the sweep is {sweep.State} and {Wish(record)} is wanted");
        }

        var former = record.OpenAttempt;
        var checkpoints = Resumable(record);
        var resumedFrom = _job.Kind == JobKind.Train && checkpoints.Count > 0 ? checkpoints[0].Step : 0;
        var attempt = new AttemptRow
        {
            Job = _job,
            Number = job.Attempt + 1,
            Worker = request.Worker,
            Incarnation = request.Incarnation,
            Slot = request.Slot,
            StartedAt = Now,
            ResumedFrom = resumedFrom,
            Machine = request.Machine,
        };
        var (leased, _) = JobRules.Move(job, JobTransition.Lease, Now);
        leased = leased with
        {
            Attempt = attempt.Number,
            Sequence = 0,
            Worker = request.Worker,
            Incarnation = request.Incarnation,
            Slot = request.Slot,
            Request = request.Request,
            StartedAt = job.StartedAt ?? Now,
        };
        var place = $"slot {request.Slot} of {request.Worker}";

        // That it resumed is the trainer's to say: only it knows which checkpoint could be used.
        var happened = Happened(
            "lease", $"attempt {attempt.Number} on {place}{(resumedFrom > 0 ? $", to go on from step {resumedFrom}" : string.Empty)}", attempt.Number);

        CrashPoint.Hit("lease-before-commit");
        var change = await CommitAsync(
            "lease",
            record,
            leased,
            [attempt, happened],
            new VersionGuard(sweep.Version, Sweep: sweep.Id),
            new VersionGuard(worker.Version, Worker: worker.Name));
        CrashPoint.Hit("lease-after-commit");

        _clock.Heard();
        _progress = null;
        _formerOf = attempt.Number;
        _formerEndedAt = IsRecovery(former) ? former!.EndedAt : null;
        SweepsMeter.Attempts.Add(1);
        if (resumedFrom > 0)
        {
            SweepsMeter.Resumes.Add(1);
        }

        _peers.Settled(_job, change);
        _peers.Granted(request.Worker, new HeldJob(_job, attempt.Number, request.Slot), request.Incarnation);
        return Granted(await AssignAsync(_record!));
    }

    private static bool IsSameRequest(JobRow job, LeaseRequest request) =>
        job.State.IsHeld()
        && job.Worker == request.Worker
        && job.Incarnation == request.Incarnation
        && job.Slot == request.Slot
        && job.Request == request.Request;

    /// <summary>Whether the attempt after this one recovers from its loss (a pause is none).</summary>
    private static bool IsRecovery(AttemptRow? former) => former?.Outcome is "failed" or "lost" or "released";

    private IReadOnlyList<CheckpointRow> Resumable(JobRecord record)
    {
        var kept = CheckpointRules.NewestFirst(record.Checkpoints.Where(c => c.Status == CheckpointStatus.Kept)).ToList();
        return _job.Kind switch
        {
            JobKind.Train => [.. kept.Where(c => c.HasState)],
            JobKind.Evaluate => [.. kept.Where(c => c.IsBest).Concat(kept.Where(c => c is { IsFinal: true, IsBest: false })).Take(1)],
            _ => [],
        };
    }

    private async Task<JobAssignment> AssignAsync(JobRecord record)
    {
        _inputs ??= await _ledger.InputsAsync(_job.Sweep);
        var (job, sweep) = (record.Job, _sweep!);
        var firstFormer = Math.Max(1, job.Attempt - MaxFormer);
        return new JobAssignment
        {
            Job = _job,
            Attempt = job.Attempt,
            Settings = record.Settings,
            Inputs = [.. _inputs.Where(i => MayRead(i.Role)).Select(i => new AssignedInput(i.Role, i.Name, i.Sha256, i.Bytes))],
            Checkpoints =
            [
                .. Resumable(record).Select(c =>
                    new AssignedCheckpoint(c.Attempt, c.Step, c.Directory, c.Sha256, c.HasState, c.IsBest)),
            ],
            Directory = SweepsHome.AttemptDirectory(_job, job.Attempt),
            FormerDirectories = _job.Kind != JobKind.Train
                ? []
                : [.. Enumerable.Range(firstFormer, job.Attempt - firstFormer).Select(n => SweepsHome.AttemptDirectory(_job, n))],
            BestValue = _job.Kind == JobKind.Train ? job.BestValue : null,
            BestStep = _job.Kind == JobKind.Train ? job.BestStep : null,
            PeakMemoryBytes = Math.Max(sweep.PeakMemoryBytes, job.PeakMemoryBytes ?? 0),
            Maximize = sweep.Maximize,
        };
    }

    /// <summary>No trial reads the test split: only the evaluation of the chosen one does.</summary>
    private bool MayRead(string role) => role != "test" || _job.Kind == JobKind.Evaluate;

    private static LeaseAnswer Granted(JobAssignment assignment) => new(true, assignment, null);

    private static LeaseAnswer Refused(string reason) => new(false, null, reason);
}
