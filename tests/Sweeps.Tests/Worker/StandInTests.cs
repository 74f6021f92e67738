using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Sweeps.Abstractions.Trials;
using Sweeps.Core.Homes;
using Sweeps.Core.Json;
using Sweeps.Core.States;
using Sweeps.Tests.Worker.Fakes;
using Sweeps.Worker;
using Sweeps.Worker.Machine;
using Sweeps.Worker.Slots;
using Sweeps.Worker.Trainers;

namespace Sweeps.Tests.Worker;

/// <summary>The worker with real processes: the stand-in trainer of the benchmarks.</summary>
public sealed class StandInTests : IAsyncDisposable
{
    private readonly SweepsHome _home = new(Directory.CreateTempSubdirectory("sweeps-stand-in").FullName);
    private readonly FakeCluster _cluster = new();
    private TimeSpan _still = TimeSpan.FromSeconds(60);
    private WorkerService? _worker;

    public async ValueTask DisposeAsync()
    {
        if (_worker is not null)
        {
            await _worker.DrainAsync(TimeSpan.FromSeconds(5));
            await _worker.ExecuteTask!;
            _worker.Dispose();
        }

        Directory.Delete(_home.Root, recursive: true);
    }

    [Fact]
    public async Task Trials_run_one_after_the_other_on_one_process_and_leave_their_checkpoints()
    {
        await StartAsync();
        for (var trial = 1; trial <= 3; trial++)
        {
            _cluster.Offer(Fresh(trial));
        }

        var reports = new List<Report>();
        while (reports.Count < 6)
        {
            reports.Add((await _cluster.Reports.NextAsync()).Report);
        }

        foreach (var offer in reports.Select(report => report.Offer).OfType<Core.Trainer.OfferFrame>())
        {
            Assert.Single(offer.Evaluations);
            var folder = Path.Combine(_home.Sweeps, offer.Checkpoint!.Directory);
            Assert.Equal(4096, new FileInfo(Path.Combine(folder, "weights.bin")).Length);
            Assert.False(Directory.Exists(folder + ".tmp"));
        }

        var ends = reports.Select(report => report.End).OfType<AttemptEnd>().ToList();
        Assert.Equal(3, ends.Count);
        Assert.All(ends, end => Assert.Equal(AttemptOutcome.Completed, end.Outcome));
    }

    [Theory]
    [InlineData("crash", FailureClass.Crash, "signal 6 (SIGABRT)")]
    [InlineData("garbage", FailureClass.Crash, "no frame")]
    [InlineData("fail", FailureClass.NonFiniteLoss, "NaN")]
    [InlineData("hang", FailureClass.Hang, "phase step")]
    public async Task What_goes_wrong_is_reported_by_class_and_the_slot_goes_on(string fault, FailureClass failure, string words)
    {
        _still = fault == "hang" ? TimeSpan.FromSeconds(2) : _still;
        await StartAsync("--fault", fault, "--steps", "3");
        _cluster.Offer(Fresh(1));
        var (_, report) = await _cluster.Reports.NextAsync(one => one.Report.End is not null);
        Assert.Equal(failure, report.End!.Failure);
        Assert.Contains(words, report.End.Message, StringComparison.Ordinal);

        _cluster.Offer(Fresh(1) with { Attempt = 2, Directory = SweepsHome.AttemptDirectory(Fresh(1).Job, 2) });
        (_, report) = await _cluster.Reports.NextAsync(one => one.Report.End is not null);
        Assert.Equal(AttemptOutcome.Completed, report.End!.Outcome);
    }

    [Fact]
    public async Task A_killed_trainer_is_reported_before_any_lease_could_run_out()
    {
        await StartAsync("--seconds", "60", "--steps", "600");
        _cluster.Offer(Fresh(1));
        await _cluster.Leases.NextAsync();
        var life = await TrainerAsync();
        await _cluster.Heartbeats.NextAsync(one => one.Request.Progress is not null);
        var began = Stopwatch.GetTimestamp();
        Process.GetProcessById(life.ProcessId).Kill();

        var (_, report) = await _cluster.Reports.NextAsync(one => one.Report.End is not null);
        Assert.InRange(Stopwatch.GetElapsedTime(began), TimeSpan.Zero, TimeSpan.FromSeconds(5));
        Assert.Equal((FailureClass.Crash, "the trainer was ended by signal 9 (SIGKILL)"), (report.End!.Failure, report.End.Message));
    }

    [Fact]
    public async Task A_stopped_trainer_is_a_hang_and_is_killed()
    {
        _still = TimeSpan.FromSeconds(2);
        await StartAsync("--seconds", "60", "--steps", "600");
        _cluster.Offer(Fresh(1));
        await _cluster.Heartbeats.NextAsync(one => one.Request.Progress is not null);
        var life = await TrainerAsync();
        using (var stop = Process.Start("kill", ["-STOP", $"{life.ProcessId}"]))
        {
            await stop.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        var (_, report) = await _cluster.Reports.NextAsync(one => one.Report.End is not null);
        Assert.Equal(FailureClass.Hang, report.End!.Failure);
        Assert.Null(ProcessIdentity.Of(life.ProcessId));
    }

    [Fact]
    public async Task A_drain_gets_a_checkpoint_and_ends_the_process()
    {
        await StartAsync("--seconds", "60", "--steps", "600");
        _cluster.Offer(Fresh(1));
        await _cluster.Heartbeats.NextAsync(one => one.Request.Progress is { Step: > 0 });
        var life = await TrainerAsync();
        var began = Stopwatch.GetTimestamp();
        await _worker!.DrainAsync(TimeSpan.FromSeconds(20));

        Assert.InRange(Stopwatch.GetElapsedTime(began), TimeSpan.Zero, TimeSpan.FromSeconds(15));
        Assert.Null(ProcessIdentity.Of(life.ProcessId));
        Assert.True(_cluster.Reports.All[0].Report.Offer!.Checkpoint!.Step > 0);
        Assert.Equal(AttemptOutcome.Released, _cluster.Reports.All[1].Report.End!.Outcome);
    }

    [Fact]
    public async Task A_new_worker_first_ends_the_trainers_of_the_former_one()
    {
        // The former worker's trainer is alive but its worker is not there to close its input: a process of our own.
        using var former = Process.Start("sleep", ["600"]);
        new SlotFiles(_home).Record(0, former.Id);
        await StartAsync();
        await _cluster.Waits.NextAsync();
        Assert.True(former.WaitForExit(TimeSpan.FromSeconds(10)));
        Assert.Equal(137, former.ExitCode);
    }

    [Fact]
    public async Task A_process_that_only_has_the_pid_of_a_former_trainer_is_left_alone()
    {
        using var stranger = Process.Start("sleep", ["600"]);
        Directory.CreateDirectory(_home.Slots);
        var life = ProcessIdentity.Of(stranger.Id)!;
        await File.WriteAllTextAsync(
            Path.Combine(_home.Slots, "0.json"), SweepsJson.Write(life with { StartTime = life.StartTime - 1 }), TestContext.Current.CancellationToken);
        await StartAsync();
        await _cluster.Waits.NextAsync();
        Assert.False(stranger.HasExited);
        stranger.Kill();
    }

    [Fact]
    public async Task The_next_life_knows_the_machine_before_its_trainer_has_started()
    {
        await StartAsync();
        Assert.Equal("stand-in 1", (await _cluster.Registrations.NextAsync()).Machine);
        await _worker!.DrainAsync(TimeSpan.FromSeconds(5));
        _worker.Dispose();
        await StartAsync();
        Assert.Equal("stand-in 1", (await _cluster.Registrations.NextAsync()).Machine);
        _cluster.Offer(Fresh(1));
        var (_, report) = await _cluster.Reports.NextAsync(one => one.Report.End is not null);
        Assert.Equal(AttemptOutcome.Completed, report.End!.Outcome);
        Assert.Equal(2, _cluster.Registrations.All.Select(one => one.Token).Distinct().Count());
    }

    [Fact]
    public async Task A_command_that_is_not_there_is_named_in_the_failure()
    {
        await StartCommandAsync(["/no/such/trainer"]);
        _cluster.Offer(Fresh(1));
        var (_, report) = await _cluster.Reports.NextAsync();
        Assert.Contains("'/no/such/trainer'", report.End!.Message, StringComparison.Ordinal);
    }

    private static Core.Trainer.JobAssignment Fresh(int trial) => WorkerBench.Job(trial) with { Checkpoints = [] };

    private async Task<ProcessIdentity> TrainerAsync() => SweepsJson.Read<ProcessIdentity>(
        await File.ReadAllTextAsync(Path.Combine(_home.Slots, "0.json"), TestContext.Current.CancellationToken));

    private Task StartAsync(params string[] arguments) =>
        StartCommandAsync(["dotnet", StandInPath(), "stand-in", .. arguments]);

    private async Task StartCommandAsync(IReadOnlyList<string> command)
    {
        var options = Options.Create(new WorkerOptions
        {
            Name = "w",
            Slots = 1,
            Home = _home,
            TrainerCommand = command,
            Tick = TimeSpan.FromMilliseconds(100),
            BeatLimits = new BeatLimits { Least = TimeSpan.FromSeconds(60), Still = _still },
        });
        var machine = new LinuxMachine();
        _worker = new WorkerService(
            options,
            _cluster,
            new TrainerLauncher(options, machine, TimeProvider.System),
            new FakeObjects(),
            machine,
            TimeProvider.System,
            NullLogger<WorkerService>.Instance);
        await _worker.StartAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>The stand-in is built beside the tests, in the folder of its own project.</summary>
    private static string StandInPath()
    {
        var here = new DirectoryInfo(AppContext.BaseDirectory);
        return Path.Combine(here.Parent!.Parent!.FullName, "Sweeps.Benchmarks", here.Name, "Sweeps.Benchmarks.dll");
    }
}
