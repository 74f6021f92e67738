using Microsoft.Extensions.Logging;
using Sweeps.Abstractions.Trials;
using Sweeps.Core.Faults;
using Sweeps.Core.States;
using Sweeps.Core.Trainer;
using Sweeps.Worker.Trainers;

namespace Sweeps.Worker.Attempts;

/// <summary>
/// One attempt on one trainer: hands over the assignment, turns frames into reports and answers into frames, and
/// watches. The read loop is the only reader; everything else may come from any thread.
/// </summary>
internal sealed partial class AttemptRun
{
    private readonly HeldLease _lease;
    private readonly ITrainer _trainer;
    private readonly WorkerOptions _options;
    private readonly ILogger _log;
    private readonly TimeProvider _clock;
    private readonly HangWatch _watch;
    private readonly Action _onNearEnd;
    private readonly Action<HeldLease> _onFirstStep;
    private bool _stepped;
    private int _released;
    private int _abandoned;
    private int _ticksToKill = -1;
    private int _nearEnd;
    private string? _hang;
    private string? _outOfTime;
    private Task _pulse = Task.CompletedTask;

    /// <summary>Prepares the run.</summary>
    /// <param name="lease">The attempt.</param>
    /// <param name="trainer">A trainer that is idle.</param>
    /// <param name="options">Options.</param>
    /// <param name="clock">Clock.</param>
    /// <param name="log">Log.</param>
    /// <param name="onNearEnd">Told once, when the attempt is about to end: the slot may take its next lease.</param>
    /// <param name="onFirstStep">Told once, after the first new step: the attempt really runs.</param>
    public AttemptRun(
        HeldLease lease,
        ITrainer trainer,
        WorkerOptions options,
        TimeProvider clock,
        ILogger log,
        Action onNearEnd,
        Action<HeldLease> onFirstStep)
    {
        _lease = lease;
        _trainer = trainer;
        _options = options;
        _clock = clock;
        _log = log;
        _onNearEnd = onNearEnd;
        _onFirstStep = onFirstStep;
        _watch = new HangWatch(options, clock);
    }

    /// <summary>Runs it to its end.</summary>
    /// <param name="release">The worker drains: write a checkpoint, then end.</param>
    public async Task<AttemptResult> RunAsync(CancellationToken release)
    {
        try
        {
            await _trainer.WriteAsync(Addressed(new StartFrame(_lease.Assignment))).ConfigureAwait(false);
        }
        catch (IOException)
        {
            return await OnDeathAsync(null).ConfigureAwait(false);
        }

        CrashPoint.Hit($"worker-start-{_lease.Assignment.Job.Kind.ToString().ToLowerInvariant()}-{_lease.Assignment.Job.Number}");

        // Only now: a command ahead of its assignment would be lost.
        _lease.Attach(() => Abandon(), Release);
        using var draining = release.UnsafeRegister(static run => ((AttemptRun)run!).Release(), this);
        while (true)
        {
            Frame? frame;
            try
            {
                frame = await _trainer.ReadAsync().ConfigureAwait(false);
            }
            catch (InvalidDataException e)
            {
                return await OnDeathAsync($"what the trainer wrote is no frame: {e.Message}").ConfigureAwait(false);
            }

            if (frame is null)
            {
                return await OnDeathAsync(null).ConfigureAwait(false);
            }

            // A warm trainer may still say a word about its former attempt.
            if (frame.Job == _lease.Job && frame.Attempt == _lease.Attempt && OnFrame(frame) is { } result)
            {
                return result;
            }
        }
    }

    /// <summary>A tick of the worker: the trainer is told that it is held, and watched.</summary>
    /// <param name="watch">False for a while after the machine slept: then silence means nothing.</param>
    public void Tick(bool watch)
    {
        if (_ticksToKill > 0 && --_ticksToKill == 0)
        {
            _trainer.Kill();
            return;
        }

        // A trainer that does not read (stopped, or hung) must not pile up pulses.
        if (_pulse.IsCompleted && _abandoned == 0)
        {
            _pulse = TryWriteAsync(new PulseFrame());
        }

        if (watch && _hang is null && _watch.Tick(_trainer.CpuTicks) is { } hang)
        {
            _hang = hang;
            LogHang(_lease.Job.ToString(), _lease.Attempt, hang);
            _trainer.Kill();
        }
    }

    /// <summary>Write a checkpoint, then end the attempt. Idempotent.</summary>
    public void Release()
    {
        if (Interlocked.Exchange(ref _released, 1) == 0)
        {
            _ = TryWriteAsync(Addressed(new CommandFrame(TrainerCommand.Checkpoint)));
        }
    }

    /// <summary>End the attempt without a checkpoint; a trainer that goes on is killed. Idempotent.</summary>
    /// <param name="outOfTime">Why, when it is given back in time's want; null when it is fenced and nothing is reported.</param>
    public void Abandon(string? outOfTime = null)
    {
        if (Interlocked.Exchange(ref _abandoned, 1) == 0)
        {
            _outOfTime = outOfTime;
            _ticksToKill = _options.Ticks(_options.AbandonGrace);
            _ = TryWriteAsync(Addressed(new CommandFrame(TrainerCommand.Abandon)));
        }
    }

    /// <summary>Ends the trainer at once.</summary>
    public void Kill() => _trainer.Kill();

    private AttemptResult? OnFrame(Frame frame)
    {
        switch (frame)
        {
            case BeatFrame beat:
                _watch.Beat(beat.Phase);
                return null;

            case ProgressFrame progress:
                OnProgress(progress);
                return null;

            case OfferFrame offer:
                if (offer.Checkpoint is { IsFinal: true })
                {
                    NearEnd();
                }

                _ = OnOfferAsync(offer);
                return null;

            case EventFrame happening:
                _ = _lease.ReportAsync(new Report { Attempt = 0, Sequence = 0, Event = happening });
                return null;

            case DoneFrame done:
                return Ended(
                    new AttemptEnd(AttemptOutcome.Completed, null, null, done.FinalSha256, done.BestSha256), trainerGood: true);

            case ReleasedFrame:
                return Ended(new AttemptEnd(AttemptOutcome.Released, null, _outOfTime), trainerGood: true);

            case FailedFrame failed:
                return Ended(new AttemptEnd(AttemptOutcome.Failed, failed.Failure, failed.Message), trainerGood: false);

            default:
                return null;
        }
    }

    private void OnProgress(ProgressFrame progress)
    {
        _lease.Progress = progress;
        if (!_stepped && progress.Step > progress.ResumedFrom)
        {
            _stepped = true;
            _onFirstStep(_lease);
        }

        var left = (progress.TotalSteps - progress.Step) * progress.StepSeconds;
        if (left is { } seconds && seconds <= _options.PrefetchLead.TotalSeconds)
        {
            NearEnd();
        }
    }

    /// <summary>The attempt is about to end. Idempotent.</summary>
    public void NearEnd()
    {
        if (_options.PrefetchLead > TimeSpan.Zero && Interlocked.Exchange(ref _nearEnd, 1) == 0)
        {
            _onNearEnd();
        }
    }

    private async Task OnOfferAsync(OfferFrame offer)
    {
        if (AssignmentPaths.Relative(offer, _lease.Assignment, _options.Home) is not { } relative)
        {
            // Nothing outside the attempt's own folder is ever named in the ledger.
            LogForeignFolder(_lease.Job.ToString(), _lease.Attempt, offer.Checkpoint?.Directory);
            await TryWriteAsync(Addressed(new OfferAnswer(offer.Offer, Committed: false))).ConfigureAwait(false);
            return;
        }

        var answer = await _lease.ReportAsync(new Report { Attempt = 0, Sequence = 0, Offer = relative }).ConfigureAwait(false);
        if (answer is { Fenced: false })
        {
            await TryWriteAsync(Addressed(new OfferAnswer(offer.Offer, Committed: true))).ConfigureAwait(false);
        }
    }

    private AttemptResult Ended(AttemptEnd end, bool trainerGood) =>
        new(trainerGood, _lease.GivenUp is null ? _lease.EndAsync(end) : Task.CompletedTask);

    private async Task<AttemptResult> OnDeathAsync(string? why)
    {
        _trainer.Kill();
        var exit = await _trainer.Exited.ConfigureAwait(false);
        if (_outOfTime is not null)
        {
            return Ended(new AttemptEnd(AttemptOutcome.Released, null, _outOfTime), trainerGood: false);
        }

        var failure = _hang is not null ? FailureClass.Hang : exit.ForMemory ? FailureClass.OutOfMemory : FailureClass.Crash;
        var message = _hang ?? why ?? exit.Describe();
        LogDeath(_lease.Job.ToString(), _lease.Attempt, message);
        return Ended(new AttemptEnd(AttemptOutcome.Failed, failure, message), trainerGood: false);
    }

    private T Addressed<T>(T frame)
        where T : Frame => frame with { Job = _lease.Job, Attempt = _lease.Attempt };

    private async Task TryWriteAsync(Frame frame)
    {
        try
        {
            await _trainer.WriteAsync(frame).ConfigureAwait(false);
        }
        catch (IOException)
        {
            // The read loop sees the trainer's end.
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Job} attempt {Attempt}: {Hang}; the trainer is killed")]
    private partial void LogHang(string job, int attempt, string hang);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Job} attempt {Attempt}: {Reason}")]
    private partial void LogDeath(string job, int attempt, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Job} attempt {Attempt} offered the folder {Folder}, which is not its own")]
    private partial void LogForeignFolder(string job, int attempt, string? folder);
}

/// <summary>How a run left the slot.</summary>
/// <param name="TrainerGood">The trainer may take another assignment.</param>
/// <param name="Reported">Completes when the attempt's end is answered, or the attempt given up.</param>
internal sealed record AttemptResult(bool TrainerGood, Task Reported);
