using Sweeps.Abstractions;
using Sweeps.Abstractions.Dispatch;
using Sweeps.Abstractions.Trials;
using Sweeps.Abstractions.Workers;
using Sweeps.Core.Ids;
using Sweeps.Core.Ledger;
using Sweeps.Core.States;
using Sweeps.Core.Trainer;
using Sweeps.Grains.Dispatch;
using Sweeps.Grains.Trials;
using Sweeps.Grains.Workers;
using Sweeps.Tests.Grains.Support;

namespace Sweeps.Tests.Simulation;

/// <summary>One life of a worker with its slots and trainers. It can be killed, and frozen: then it wakes as a zombie.</summary>
internal sealed class SimWorker(Cluster cluster, Silo silo)
{
    private readonly List<Lease> _leases = [];
    private long _incarnation;
    private TimeSpan _frozenUntil;

    private World World => cluster.World;

    private SimOptions Options => cluster.Options;

    public void Start() => World.Spawn(RunAsync);

    public void Freeze(TimeSpan span) => _frozenUntil = World.Now + span;

    private async Task RunAsync()
    {
        await RegisterAsync();
        World.Spawn(BeatAsync);
        for (var slot = 0; slot < Options.Slots; slot++)
        {
            var s = slot;
            World.Spawn(() => SlotAsync(s));
        }
    }

    private async Task RegisterAsync()
    {
        var registration = new WorkerRegistration($"{World.Random.Next()}", "host", 1, Options.Slots, "m", "none");
        _incarnation = await RepeatAsync<WorkerLogic, long>(silo.Name, w => w.RegisterAsync(registration));
    }

    private async Task BeatAsync()
    {
        while (true)
        {
            await World.Delay(TimeSpan.FromSeconds(1));
            await PassAsync();
            var beat = new WorkerBeat(
                _incarnation,
                [.. _leases.Select(l => new HeldJob(l.Assignment.Job, l.Assignment.Attempt, l.Slot))],
                new Dictionary<int, string>());
            var answer = await TryAsync<WorkerLogic, WorkerBeatAnswer>(silo.Name, w => w.BeatAsync(beat));
            if (answer is { Current: false } && beat.Incarnation == _incarnation)
            {
                // A registration that was delivered late raised it once more: begin anew.
                _leases.ForEach(l => l.Abandoned = true);
                await RegisterAsync();
            }
        }
    }

    private async Task SlotAsync(int slot)
    {
        for (var request = 1L; ; request++)
        {
            await PassAsync();
            var number = request;
            var asked = new SlotRequest(silo.Name, _incarnation, slot, number);
            var offered = await TryAsync<DispatcherLogic, JobId?>("default", d => d.WaitForJobAsync(asked), 12);
            if (offered is not { } job)
            {
                await World.Delay(0, 0.2);
                continue;
            }

            // Repeated with its number until answered.
            var lease = new LeaseRequest(silo.Name, _incarnation, slot, number, "m");
            var answer = await RepeatAsync<TrialLogic, LeaseAnswer>(job.ToString(), t => t.LeaseAsync(lease));
            if (answer is { Granted: true, Assignment: { } assignment })
            {
                var held = new Lease(assignment, slot) { AnsweredAt = World.Now };
                _leases.Add(held);
                World.Spawn(() => HeartbeatsAsync(held));
                try
                {
                    await TrainAsync(held);
                }
                finally
                {
                    held.Over = true;
                    _leases.Remove(held);
                }
            }
        }
    }

    private async Task HeartbeatsAsync(Lease lease)
    {
        while (true)
        {
            await World.Delay(TimeSpan.FromSeconds(1));
            await PassAsync();
            if (lease.Over)
            {
                return;
            }

            var request = new HeartbeatRequest(
                lease.Assignment.Attempt,
                new WorkerLife(silo.Name, _incarnation),
                lease.Slot,
                new ProgressFrame { Step = lease.Step, TotalSteps = Options.Steps, ResumedFrom = lease.ResumedFrom });
            var answer = await TryAsync<TrialLogic, HeartbeatAnswer>(
                lease.Assignment.Job.ToString(), t => t.HeartbeatAsync(request));
            if (answer is not null)
            {
                lease.AnsweredAt = World.Now;
                lease.Wanted = answer.Wanted;
                lease.Abandoned |= answer.Fenced;
            }
        }
    }

    private async Task TrainAsync(Lease lease)
    {
        var job = lease.Assignment.Job;
        if (job.Kind != JobKind.Train)
        {
            await ScoreAsync(lease);
            return;
        }

        var step = lease.ResumedFrom = lease.Step = await ResumeAsync(lease);
        while (step < Options.Steps && !lease.Abandoned)
        {
            await World.Delay(0.1, 0.6);
            await PassAsync();
            lease.Step = ++step;
            if (job.Number == Options.PoisonTrial && step == 2)
            {
                cluster.World.Schedule(TimeSpan.Zero, () => silo.Alive = false);
                await World.Delay(TimeSpan.FromSeconds(1));
            }

            var bad = job.Number == Options.BadTrial && step == 3;
            if (bad || (cluster.Disturbed && World.Chance(Options.TrainerCrash)))
            {
                await EndAsync(lease, AttemptOutcome.Failed, FailureClass.Crash);
                return;
            }

            var wished = lease.Wanted != Wanted.Run;
            var evaluates = step % Options.EvaluateEvery == 0 || step == Options.Steps;
            if (wished || evaluates || step % Options.CheckpointEvery == 0)
            {
                await CheckpointAsync(lease, step, evaluates);
            }

            if (wished && step < Options.Steps && !lease.Abandoned)
            {
                await EndAsync(lease, AttemptOutcome.Released);
                return;
            }
        }

        if (!lease.Abandoned)
        {
            await EndAsync(lease, AttemptOutcome.Completed, sha: $"w-{job.Number}");
        }
    }

    private async Task ScoreAsync(Lease lease)
    {
        await World.Delay(0.2, 1);
        await PassAsync();
        var job = lease.Assignment.Job;
        if (cluster.Disturbed && World.Chance(Options.TrainerCrash))
        {
            await EndAsync(lease, AttemptOutcome.Failed, FailureClass.Crash);
            return;
        }

        if (job.Kind == JobKind.Evaluate)
        {
            Require(lease.Assignment.Checkpoints is [{ IsBest: true }], $"{job} was not given the best weights");
        }

        var offer = Offers.Checkpoint(job, lease.Assignment.Attempt, 1) with
        {
            Checkpoint = null,
            Points = [],
            Evaluations = job.Kind == JobKind.Evaluate ? [Offers.Evaluation(1, "test", 0.5)] : [],
        };
        await ReportAsync(lease, new Report { Attempt = lease.Assignment.Attempt, Sequence = ++lease.Sequence, Offer = offer });
        if (!lease.Abandoned)
        {
            await EndAsync(lease, AttemptOutcome.Completed);
        }
    }

    private async Task<int> ResumeAsync(Lease lease)
    {
        foreach (var checkpoint in lease.Assignment.Checkpoints)
        {
            if (cluster.Disk.Verifies(checkpoint.Directory))
            {
                return checkpoint.Step;
            }

            var row = (await cluster.Rows.CheckpointsAsync(lease.Assignment.Job.Sweep))
                .Single(c => c.Directory == checkpoint.Directory);
            Require(
                cluster.Disk.Exists(checkpoint.Directory) || row.Status == CheckpointStatus.Dropped,
                $"{checkpoint.Directory} is kept by the ledger and gone from the disk");
            var happened = new EventFrame(
                "checkpoint-bad", "a bit is flipped", new CheckpointName(checkpoint.Attempt, checkpoint.Step));
            await ReportAsync(lease, new Report { Attempt = lease.Assignment.Attempt, Sequence = ++lease.Sequence, Event = happened });
            if (lease.Abandoned)
            {
                return 0;
            }
        }

        return 0;
    }

    private async Task CheckpointAsync(Lease lease, int step, bool evaluates)
    {
        var (job, attempt) = (lease.Assignment.Job, lease.Assignment.Attempt);
        var score = evaluates ? Scores.Of(job.Number, step) : (double?)null;
        var offer = Offers.Checkpoint(job, attempt, step, score, step == Options.Steps);
        cluster.Disk.Write(offer.Checkpoint!.Directory, cluster.Disturbed && World.Chance(Options.CorruptCheckpoint));
        await ReportAsync(lease, new Report { Attempt = attempt, Sequence = ++lease.Sequence, Offer = offer });
    }

    private Task EndAsync(Lease lease, AttemptOutcome outcome, FailureClass? failure = null, string? sha = null)
    {
        var end = new AttemptEnd(outcome, failure, $"by attempt {lease.Assignment.Attempt}", sha, sha);
        return ReportAsync(lease, new Report { Attempt = lease.Assignment.Attempt, Sequence = ++lease.Sequence, End = end });
    }

    private async Task ReportAsync(Lease lease, Report report)
    {
        while (true)
        {
            await PassAsync();
            if (lease.Abandoned)
            {
                return;
            }

            var answer = await TryAsync<TrialLogic, ReportAnswer>(
                lease.Assignment.Job.ToString(), t => t.ReportAsync(report));
            if (answer is not null)
            {
                lease.Abandoned |= answer.Fenced;
                lease.Wanted = answer.Wanted;
                return;
            }
        }
    }

    /// <summary>Goes on only while the process lives, and not while it is frozen.</summary>
    private async Task PassAsync()
    {
        while (World.Now < _frozenUntil)
        {
            await World.Delay(_frozenUntil - World.Now);
        }

        if (!silo.Alive)
        {
            throw new GoneException();
        }
    }

    private async Task<T> RepeatAsync<TLogic, T>(string key, Func<TLogic, Task<T>> call)
    {
        while (true)
        {
            await PassAsync();
            try
            {
                return await cluster.CallAsync(key, call);
            }
            catch (Exception e) when (e is TimeoutException or OutcomeUnknownException)
            {
                await World.Delay(0, 0.2);
            }
        }
    }

    private async Task<T?> TryAsync<TLogic, T>(string key, Func<TLogic, Task<T>> call, double timeout = 3)
    {
        try
        {
            return await cluster.CallAsync(key, call, timeout);
        }
        catch (Exception e) when (e is TimeoutException or OutcomeUnknownException)
        {
            return default;
        }
    }

    private static void Require(bool so, string otherwise)
    {
        if (!so)
        {
            throw new InvariantException(otherwise);
        }
    }

    private sealed class Lease(JobAssignment assignment, int slot)
    {
        public JobAssignment Assignment => assignment;

        public int Slot => slot;

        public long Sequence { get; set; }

        public int Step { get; set; }

        public int ResumedFrom { get; set; }

        public Wanted Wanted { get; set; }

        public bool Abandoned { get; set; }

        public bool Over { get; set; }

        public TimeSpan AnsweredAt { get; set; }
    }
}

/// <summary>What training would give: a function of trial and step, as resume is exact.</summary>
internal static class Scores
{
    public static double Of(int trial, int step) => ((trial * 7919) + (step * 104729)) % 10 / 10.0;
}
