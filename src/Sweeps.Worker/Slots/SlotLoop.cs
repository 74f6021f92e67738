using Microsoft.Extensions.Logging;
using Sweeps.Abstractions.Dispatch;
using Sweeps.Abstractions.Trials;
using Sweeps.Core.Faults;
using Sweeps.Core.Ids;
using Sweeps.Core.Ledger;
using Sweeps.Core.Objects;
using Sweeps.Core.States;
using Sweeps.Core.Trainer;
using Sweeps.Worker.Attempts;
using Sweeps.Worker.Calls;
using Sweeps.Worker.Trainers;

namespace Sweeps.Worker.Slots;

/// <summary>
/// One slot: waits for a job, leases it, runs it on the slot's trainer, and again. While an attempt is about to end it
/// already takes the next lease.
/// </summary>
internal sealed partial class SlotLoop(
    int slot,
    WorkerOptions options,
    WorkerState state,
    LeaseGate gate,
    IWorkerCalls calls,
    IObjectStore objects,
    SlotTrainer trainers,
    SlotFiles files,
    TimeProvider clock,
    ILogger log,
    CancellationToken stopCalls)
{
    private static readonly TimeSpan AfterRefusal = TimeSpan.FromMilliseconds(100);
    private long _request;
    private Task<HeldLease?>? _next;
    private string? _lastSweep;
    private TimeSpan _lastSeconds = TimeSpan.MaxValue;
    private volatile AttemptRun? _run;
    private int _failedStarts;

    /// <summary>The attempt on the trainer now; null between attempts.</summary>
    public AttemptRun? Run => _run;

    /// <summary>The slot's trainer.</summary>
    public SlotTrainer Trainer => trainers;

    /// <summary>Runs until leasing stops; then the attempt in hand ends first, and a lease not yet begun is given back.</summary>
    public async Task RunAsync(CancellationToken stopLeasing)
    {
        if (!await FreeAsync(stopLeasing).ConfigureAwait(false))
        {
            return;
        }

        trainers.Prepare(stopLeasing);
        var reported = Task.CompletedTask;
        while (await TakeAsync(stopLeasing).ConfigureAwait(false) is { } lease)
        {
            // At most one end is still being reported when the next attempt ends.
            var former = reported;
            try
            {
                reported = await RunLeaseAsync(lease, stopLeasing).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                // The slot outlives whatever one attempt met. The attempt is missing from the beats and so released.
                LogUnforeseen(e, slot, lease.Job.ToString());
                lease.GiveUp("an unforeseen error of the worker");
                await trainers.ReplaceAsync(prepare: false, stopLeasing).ConfigureAwait(false);
                reported = Task.CompletedTask;
            }

            await former.ConfigureAwait(false);
        }

        await reported.ConfigureAwait(false);
        await trainers.EndAsync().ConfigureAwait(false);
    }

    /// <summary>Waits out a quarantine: another process holds the slot.</summary>
    private async Task<bool> FreeAsync(CancellationToken stopLeasing)
    {
        try
        {
            while (state.Quarantined.ContainsKey(slot))
            {
                await Task.Delay(options.QuarantineRetry, clock, stopLeasing).ConfigureAwait(false);
                state.Quarantine(slot, await files.WaitFreeAsync(slot, TimeSpan.Zero, clock, stopLeasing).ConfigureAwait(false));
            }

            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private async Task<HeldLease?> TakeAsync(CancellationToken stopLeasing)
    {
        while (true)
        {
            var next = _next ?? AcquireAsync(stopLeasing);
            _next = null;
            if (await next.ConfigureAwait(false) is { } lease)
            {
                return lease;
            }

            if (stopLeasing.IsCancellationRequested)
            {
                return null;
            }

            await trainers.EndWhenIdleAsync().ConfigureAwait(false);
        }
    }

    /// <summary>The next lease; null when there is none yet, or leasing stops.</summary>
    private async Task<HeldLease?> AcquireAsync(CancellationToken stopLeasing)
    {
        try
        {
            await gate.EnterAsync(slot, stopLeasing).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return null;
        }

        return await LeaseAsync(stopLeasing).ConfigureAwait(false);
    }

    private async Task<HeldLease?> LeaseAsync(CancellationToken stopLeasing)
    {
        try
        {
            var life = state.Life;
            var request = new SlotRequest(life.Worker, life.Incarnation, slot, ++_request);
            var began = clock.GetTimestamp();
            var job = await Repeat
                .UntilAnsweredAsync(() => calls.WaitForJobAsync(request), clock, OnLost, stopLeasing)
                .ConfigureAwait(false);
            if (job is null)
            {
                // Nothing within the dispatcher's 10 s; an answer at once must not become a busy loop.
                if (clock.GetElapsedTime(began) < AfterRefusal)
                {
                    await Task.Delay(AfterRefusal, clock, stopLeasing).ConfigureAwait(false);
                }

                return null;
            }

            CrashPoint.Hit("worker-before-lease");
            var ask = new LeaseRequest(life.Worker, life.Incarnation, slot, request.Request, state.Machine);
            var answer = await Repeat
                .UntilAnsweredAsync(() => calls.LeaseAsync(job.Value, ask), clock, OnLost, stopCalls)
                .ConfigureAwait(false);
            CrashPoint.Hit("worker-after-lease");
            if (answer is not { Granted: true, Assignment: { } assignment })
            {
                LogRefused(job.Value.ToString(), answer.Reason);
                return null;
            }

            return Hold(assignment, life);
        }
        catch (OperationCanceledException)
        {
            // A grant that was on its way is missing from the beats and so released free of charge.
            return null;
        }
    }

    private HeldLease? Hold(JobAssignment assignment, WorkerLife life)
    {
        JobAssignment absolute;
        string? wrong = null;
        try
        {
            absolute = AssignmentPaths.Absolute(assignment, options.Home, objects);
        }
        catch (Exception e) when (e is InvalidDataException or ArgumentException)
        {
            absolute = assignment;
            wrong = e.Message;
        }

        var lease = new HeldLease(absolute, slot, life, calls, clock, OnLost, OnClosed);
        state.Add(lease);
        if (wrong is not null)
        {
            _ = lease.EndAsync(new AttemptEnd(AttemptOutcome.Failed, FailureClass.BadData, wrong));
        }

        return wrong is null ? lease : null;
    }

    /// <returns>Completes when the end is answered.</returns>
    private async Task<Task> RunLeaseAsync(HeldLease lease, CancellationToken stopLeasing)
    {
        if (lease.GivenUp is not null)
        {
            return Task.CompletedTask;
        }

        if (stopLeasing.IsCancellationRequested || lease.Wanted != Wanted.Run)
        {
            return lease.EndAsync(new AttemptEnd(AttemptOutcome.Released, null, "given back before it began"));
        }

        var trainer = await TrainerAsync(lease, stopLeasing).ConfigureAwait(false);
        return trainer is null
            ? Task.CompletedTask
            : await RunOnAsync(trainer, lease, stopLeasing).ConfigureAwait(false);
    }

    private async Task<ITrainer?> TrainerAsync(HeldLease lease, CancellationToken stopLeasing)
    {
        try
        {
            var trainer = await trainers.TakeAsync(AssignmentPaths.BaseKey(lease.Assignment), stopLeasing).ConfigureAwait(false);
            _failedStarts = 0;
            return trainer;
        }
        catch (TrainerStartException e)
        {
            LogNoStart(slot, e.Message);
            var failure = e.ForMemory ? FailureClass.OutOfMemory : FailureClass.Crash;
            await lease.EndAsync(new AttemptEnd(AttemptOutcome.Failed, failure, e.Message)).ConfigureAwait(false);

            // Let other slots and workers take the job before this one does again.
            await PauseAsync(TimeSpan.FromSeconds(Math.Min(30, Math.Pow(2, _failedStarts++) - 1)), stopLeasing).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            await lease.EndAsync(new AttemptEnd(AttemptOutcome.Released, null, "given back before it began")).ConfigureAwait(false);
        }

        return null;
    }

    private async Task<Task> RunOnAsync(ITrainer trainer, HeldLease lease, CancellationToken stopLeasing)
    {
        var began = clock.GetTimestamp();
        var run = new AttemptRun(lease, trainer, options, clock, log, () => Prefetch(stopLeasing), state.AskAbout);
        if (lease.Job.Sweep == _lastSweep && _lastSeconds <= options.PrefetchLead)
        {
            run.NearEnd();
        }

        _run = run;
        var result = await run.RunAsync(stopLeasing).ConfigureAwait(false);
        _run = null;

        // A preflight is one step: how long it took says nothing of the trials to come.
        _lastSweep = lease.Job.Kind == JobKind.Train ? lease.Job.Sweep : null;
        _lastSeconds = clock.GetElapsedTime(began);
        if (result.TrainerGood)
        {
            trainers.GiveBack();
            return result.Reported;
        }

        // The retry comes at once, at the front, to this slot: its trainer starts while the failure is reported.
        await trainers.ReplaceAsync(prepare: !stopLeasing.IsCancellationRequested, stopLeasing).ConfigureAwait(false);
        await result.Reported.ConfigureAwait(false);
        return Task.CompletedTask;
    }

    private void Prefetch(CancellationToken stopLeasing)
    {
        if (_next is null && gate.IsOpen && !stopLeasing.IsCancellationRequested)
        {
            _next = AcquireAsync(stopLeasing);
        }
    }

    private void OnClosed(HeldLease lease) => state.Remove(lease);

    private void OnLost(Exception e)
    {
        for (var one = e; one is not null; one = one.InnerException)
        {
            if (one is LedgerFullException)
            {
                gate.Set(CloseReasons.Disk, closed: true);
            }
        }

        LogLost(slot, e.Message);
    }

    private async Task PauseAsync(TimeSpan pause, CancellationToken stopLeasing)
    {
        try
        {
            await Task.Delay(pause, clock, stopLeasing).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // Drained.
        }
    }
}
