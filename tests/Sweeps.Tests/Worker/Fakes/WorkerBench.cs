using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Sweeps.Core.Homes;
using Sweeps.Core.Ids;
using Sweeps.Core.Objects;
using Sweeps.Core.Trainer;
using Sweeps.Worker;
using Sweeps.Worker.Machine;

namespace Sweeps.Tests.Worker.Fakes;

/// <summary>A worker on fake grains, fake trainers, a fake machine and a fake clock.</summary>
internal sealed class WorkerBench : IAsyncDisposable
{
    public const string Sweep = "s-1";
    private Task _draining = Task.CompletedTask;

    private WorkerBench(Action<WorkerOptions>? configure)
    {
        Home = new SweepsHome(Directory.CreateTempSubdirectory("sweeps-worker").FullName);
        var options = new WorkerOptions
        {
            Name = "w",
            Slots = 1,
            Home = Home,
            TrainerCommand = ["unused"],
            TicksByHand = true,
        };
        configure?.Invoke(options);
        Service = new WorkerService(
            Options.Create(options),
            Cluster,
            Launcher,
            new FakeObjects(),
            Machine,
            Clock,
            NullLogger<WorkerService>.Instance);
    }

    public FakeCluster Cluster { get; } = new();

    public ScriptedLauncher Launcher { get; } = new();

    public FakeMachine Machine { get; } = new();

    public FakeTimeProvider Clock { get; } = new();

    public SweepsHome Home { get; }

    public WorkerService Service { get; }

    /// <summary>A worker that is registered and asks for work, unless its start is held up.</summary>
    public static async Task<WorkerBench> StartAsync(
        Action<WorkerOptions>? configure = null, Action<WorkerBench>? prepare = null)
    {
        var bench = new WorkerBench(configure);
        prepare?.Invoke(bench);
        await bench.Service.StartAsync(CancellationToken.None);
        return bench;
    }

    public static JobAssignment Job(int trial, int attempt = 1, string baseSha = "b1", long peak = 0) => new()
    {
        Job = JobId.Train(Sweep, trial),
        Attempt = attempt,
        Settings = "{}",
        Inputs = [new AssignedInput("train", "train.csv", "aa11", 10), new AssignedInput("base/model", "/models/m", baseSha, 10)],
        Checkpoints = [new AssignedCheckpoint(attempt, 0, $"{Sweep}/train-{trial}/attempt-0/step-0", "ef", true, true)],
        Directory = SweepsHome.AttemptDirectory(JobId.Train(Sweep, trial), attempt),
        PeakMemoryBytes = peak,
    };

    /// <summary>Gives the job and waits until a trainer has it.</summary>
    public async Task<ScriptedTrainer> RunAsync(JobAssignment job)
    {
        Cluster.Offer(job);
        var trainer = await Launcher.NextAsync();
        await trainer.StartedAsync();
        return trainer;
    }

    /// <summary>Ticks of the worker, a second each.</summary>
    public void Tick(int ticks = 1)
    {
        for (var i = 0; i < ticks; i++)
        {
            Clock.Advance(TimeSpan.FromSeconds(1));
            Service.Tick();
        }
    }

    /// <summary>Ticks of the worker, each with its heartbeats answered.</summary>
    public async Task TickAnsweredAsync(int ticks = 1)
    {
        for (var i = 0; i < ticks; i++)
        {
            Tick();
            while (Service.IsAsking)
            {
                await Task.Yield();
            }
        }
    }

    /// <summary>Ticks of the worker until something is so.</summary>
    public async Task TickUntilAsync(Func<bool> isSo)
    {
        while (!isSo())
        {
            await TickAnsweredAsync();
            await Task.Yield();
        }
    }

    /// <summary>Moves the clock in small steps until the task is done: for pauses between repeated calls.</summary>
    public async Task<T> MovingClockAsync<T>(Task<T> task)
    {
        while (!task.IsCompleted)
        {
            Clock.Advance(TimeSpan.FromMilliseconds(10));
            await Task.Yield();
        }

        return await task;
    }

    public Task DrainAsync(TimeSpan grace) => _draining = Service.DrainAsync(grace);

    public async ValueTask DisposeAsync()
    {
        if (_draining.IsCompleted)
        {
            _draining = Service.DrainAsync(TimeSpan.Zero);
        }

        while (!_draining.IsCompleted)
        {
            Clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Service.Dispose();

        // A drain without grace does not wait for a slot that still looks at its lock file.
        for (var left = 1000; ; left--)
        {
            try
            {
                Directory.Delete(Home.Root, recursive: true);
                return;
            }
            catch (IOException) when (left > 0 && Directory.Exists(Home.Root))
            {
                await Task.Yield();
            }
        }
    }
}

/// <summary>Objects that are only names.</summary>
internal sealed class FakeObjects : IObjectStore
{
    public bool Touch(string sha256) => true;

    public Task<long> PutAsync(
        Stream content, string expectedSha256, long maxBytes, CancellationToken cancellation = default) =>
        throw new NotSupportedException();

    public string PathOf(string sha256) => $"/objects/{sha256}";
}

/// <summary>A machine whose memory and disk the test sets.</summary>
internal sealed class FakeMachine : IMachine
{
    public long? Memory { get; set; } = 64L << 30;

    public long? Disk { get; set; } = 64L << 30;

    public long Kills { get; set; }

    public long? AvailableMemory() => Memory;

    public long OomKills() => Kills;

    public long? FreeDisk(string folder) => Disk;
}
