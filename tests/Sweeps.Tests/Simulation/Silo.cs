using Microsoft.Extensions.Logging.Abstractions;
using Sweeps.Abstractions;
using Sweeps.Abstractions.Dispatch;
using Sweeps.Abstractions.Trials;
using Sweeps.Abstractions.Workers;
using Sweeps.Core.Ids;
using Sweeps.Core.Ledger;
using Sweeps.Grains.Dispatch;
using Sweeps.Grains.Sweep;
using Sweeps.Grains.Trials;
using Sweeps.Grains.Workers;
using Sweeps.Tests.Grains.Support;

namespace Sweeps.Tests.Simulation;

/// <summary>One life of a silo's process: its activations and its worker die with it.</summary>
internal sealed class Silo(string name)
{
    public string Name { get; } = name;

    public bool Alive { get; set; } = true;

    public SimWorker? Worker { get; set; }
}

/// <summary>An activation of a grain: the real logic over a ledger that dies with it.</summary>
internal sealed class Activation(Cluster cluster, Silo silo, Type type, string key) : ITrialPeers, ISweepPeers, IWorkerPeers
{
    private bool _killed;

    public Type Type => type;

    public string Key => key;

    public object Logic { get; private set; } = null!;

    public bool Alive => !_killed && silo.Alive;

    public void Kill() => _killed = true;

    public void Start()
    {
        var world = cluster.World;
        var ledger = new SimLedger(cluster, this);
        var (time, log) = (world.Time, NullLogger.Instance);
        Logic = type.Name switch
        {
            nameof(TrialLogic) => new TrialLogic(
                JobId.Parse(key), ledger, cluster.Rows, this, LeaseOptions.ForTests, time, new Random(world.Random.Next()), log),
            nameof(SweepLogic) => new SweepLogic(key, ledger, new TestPlanner(), this, time, log),
            nameof(WorkerLogic) => new WorkerLogic(key, ledger, this, LeaseOptions.ForTests, time, log),
            _ => new DispatcherLogic(time),
        };
        world.Spawn(TickAsync);
    }

    public void JobChanged(string sweep, long change) => Hint<SweepLogic>(sweep, s => s.PokeAsync(change));

    public void Settled(JobId job, long change) => Hint<DispatcherLogic>("default", d => Done(() => d.Settle(job, change)));

    public void Granted(string worker, HeldJob grant, long incarnation) =>
        Hint<WorkerLogic>(worker, w => Done(() => w.Granted(grant, incarnation)));

    public void Nudge(string worker, JobId job, long incarnation) =>
        Hint<WorkerLogic>(worker, w => Done(() => w.Nudge(job, incarnation)));

    public void PokeJob(JobId job) => Hint<TrialLogic>(job.ToString(), t => t.PokeAsync(null));

    public void SetReady(ReadyList list) => Hint<DispatcherLogic>("default", d => Done(() => d.SetReady(list)));

    public void LifeEnded(JobId job, WorkerLife life) => Hint<TrialLogic>(job.ToString(), t => t.PokeAsync(life));

    public void Disown(JobId job, int attempt) => Hint<TrialLogic>(job.ToString(), t => t.DisownAsync(attempt));

    public Task<LiveTrial?> LiveAsync(JobId job) => Task.FromResult<LiveTrial?>(null);

    private void Hint<TLogic>(string to, Func<TLogic, Task> call)
    {
        if (Alive)
        {
            cluster.Hint(to, call);
        }
    }

    private static Task Done(Action action)
    {
        action();
        return Task.CompletedTask;
    }

    private async Task TickAsync()
    {
        while (Alive)
        {
            await cluster.World.Delay(0.9, 1.1);
            if (!Alive)
            {
                return;
            }

            try
            {
                switch (Logic)
                {
                    case TrialLogic { IsHeld: true } trial:
                        await trial.TickAsync();
                        break;
                    case SweepLogic sweep:
                        await sweep.TickAsync();
                        break;
                    case WorkerLogic worker:
                        worker.Tick();
                        break;
                    case DispatcherLogic dispatcher:
                        dispatcher.Tick();
                        break;
                }
            }
            catch (OutcomeUnknownException)
            {
                Kill();
            }
        }
    }
}

/// <summary>A grain's way to the ledger: slow, failing at times, and silent once the activation is dead.</summary>
internal sealed class SimLedger(Cluster cluster, Activation owner) : ILedger
{
    public Task<CommitResult> CommitAsync(LedgerCommit commit, CancellationToken cancellation = default) => Through(() =>
    {
        var world = cluster.World;
        if (cluster.Disturbed && world.Chance(cluster.Options.ActivationCrash / 2))
        {
            owner.Kill();
            return null!;
        }

        if (cluster.Disturbed && world.Chance(cluster.Options.LedgerFails))
        {
            throw new IOException("the commit failed before it was written");
        }

        var result = cluster.Recorder.Commit(commit);
        if (cluster.Disturbed && world.Chance(cluster.Options.ActivationCrash / 2))
        {
            owner.Kill();
        }

        return cluster.Disturbed && world.Chance(cluster.Options.LedgerLosesAnswer)
            ? throw new IOException("the commit's answer was lost")
            : result;
    });

    public Task<SweepRow?> FindSweepAsync(string sweep, CancellationToken cancellation = default) =>
        Read(l => l.FindSweepAsync(sweep, cancellation));

    public Task<SweepRow?> FindLaunchAsync(string clientId, CancellationToken cancellation = default) =>
        Read(l => l.FindLaunchAsync(clientId, cancellation));

    public Task<IReadOnlyList<string>> UnfinishedSweepsAsync(CancellationToken cancellation = default) =>
        Read(l => l.UnfinishedSweepsAsync(cancellation));

    public Task<JobRecord?> FindJobAsync(JobId job, CancellationToken cancellation = default) =>
        Read(l => l.FindJobAsync(job, cancellation));

    public Task<IReadOnlyList<JobRow>> JobsAsync(string sweep, long aboveChange = 0, CancellationToken cancellation = default) =>
        Read(l => l.JobsAsync(sweep, aboveChange, cancellation));

    public Task<IReadOnlyList<InputRow>> InputsAsync(string sweep, CancellationToken cancellation = default) =>
        Read(l => l.InputsAsync(sweep, cancellation));

    public Task<DecisionRow?> FindDecisionAsync(string sweep, int trial, int step, CancellationToken cancellation = default) =>
        Read(l => l.FindDecisionAsync(sweep, trial, step, cancellation));

    public Task<WorkerRow?> FindWorkerAsync(string worker, CancellationToken cancellation = default) =>
        Read(l => l.FindWorkerAsync(worker, cancellation));

    public Task<IReadOnlyList<CheckpointRow>> CheckpointsAsync(string sweep, CancellationToken cancellation = default) =>
        Read(l => l.CheckpointsAsync(sweep, cancellation));

    public Task<IReadOnlySet<string>> PinnedObjectsAsync(CancellationToken cancellation = default) =>
        Read(l => l.PinnedObjectsAsync(cancellation));

    private Task<T> Read<T>(Func<ILedger, Task<T>> read) => Through(() =>
        cluster.Disturbed && cluster.World.Chance(cluster.Options.LedgerFails / 4)
            ? throw new IOException("the read failed")
            : read(cluster.Rows).GetAwaiter().GetResult());

    private async Task<T> Through<T>(Func<T> call)
    {
        await WaitAsync();
        await StillAsync();
        T result;
        try
        {
            result = call();
        }
        catch (InvariantException e)
        {
            cluster.World.Break(e);
            throw;
        }

        await StillAsync();
        await WaitAsync();
        await StillAsync();
        return result;
    }

    private Task WaitAsync() =>
        cluster.World.Delay(0, cluster.Disturbed && cluster.World.Chance(cluster.Options.LedgerStalls) ? 2 : 0.02);

    /// <summary>A dead activation goes nowhere from here.</summary>
    private Task StillAsync() => owner.Alive ? Task.CompletedTask : new TaskCompletionSource().Task;
}
