using Sweeps.Abstractions.Trials;
using Sweeps.Core.Trainer;
using Sweeps.Tests.Worker.Fakes;

namespace Sweeps.Tests.Worker;

public sealed class DrainTests
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_drain_writes_a_checkpoint_releases_and_ends_the_trainer()
    {
        await using var bench = await WorkerBench.StartAsync();
        var trainer = await bench.RunAsync(WorkerBench.Job(1));
        var drain = bench.DrainAsync(Grace);
        Assert.Equal(TrainerCommand.Checkpoint, await trainer.CommandAsync());
        trainer.OfferCheckpoint(1, 3, final: false);
        Assert.IsType<OfferAnswer>(await trainer.Heard.NextAsync());
        trainer.Say(new ReleasedFrame(3));
        Assert.Equal(TrainerCommand.Exit, await trainer.CommandAsync());
        trainer.Die(new Sweeps.Worker.Trainers.TrainerExit(0, false, string.Empty));
        await drain.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);

        Assert.Equal(AttemptOutcome.Released, bench.Cluster.Reports.All[^1].Report.End!.Outcome);
        Assert.False(trainer.Killed);
        Assert.Single(bench.Cluster.Leases.All);
        Assert.Equal([new WorkerLife("w", 1)], bench.Cluster.Leaves.All);
    }

    [Fact]
    public async Task Out_of_time_the_attempt_is_given_back_without_a_checkpoint()
    {
        await using var bench = await WorkerBench.StartAsync();
        var trainer = await bench.RunAsync(WorkerBench.Job(1));
        var drain = bench.DrainAsync(Grace);
        Assert.Equal(TrainerCommand.Checkpoint, await trainer.CommandAsync());
        var abandon = trainer.CommandAsync();
        Assert.Equal(TrainerCommand.Abandon, await bench.MovingClockAsync(abandon));
        trainer.Say(new ReleasedFrame(3));
        var (_, report) = await bench.Cluster.Reports.NextAsync();
        Assert.Equal(new AttemptEnd(AttemptOutcome.Released, null, "drained out of time"), report.End);
        Assert.Equal(TrainerCommand.Exit, await trainer.CommandAsync());
        trainer.Die(new Sweeps.Worker.Trainers.TrainerExit(0, false, string.Empty));
        await drain.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_deaf_trainer_is_killed_within_the_grace_and_costs_no_retry()
    {
        await using var bench = await WorkerBench.StartAsync();
        var began = bench.Clock.GetTimestamp();
        var trainer = await bench.RunAsync(WorkerBench.Job(1));
        var drain = bench.DrainAsync(Grace);
        await bench.MovingClockAsync(trainer.Exited);
        var report = await bench.Cluster.Reports.NextAsync();
        Assert.True(trainer.Killed);
        Assert.Equal(AttemptOutcome.Released, report.Report.End!.Outcome);
        await drain.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);

        // It had its grace. The test's clock runs on while the machine is busy, so it bounds nothing from above.
        Assert.True(bench.Clock.GetElapsedTime(began) >= TimeSpan.FromSeconds(27));
    }

    [Fact]
    public async Task Nothing_keeps_a_drain_beyond_its_grace()
    {
        await using var bench = await WorkerBench.StartAsync(prepare: bench => bench.Cluster.OnReport =
            (_, _) => Task.FromException<ReportAnswer>(new TimeoutException()));
        var began = bench.Clock.GetTimestamp();
        var trainer = await bench.RunAsync(WorkerBench.Job(1));
        var drain = bench.DrainAsync(Grace);
        await trainer.CommandAsync();
        await bench.MovingClockAsync(WithValueAsync(drain));
        Assert.True(trainer.Killed);
        Assert.InRange(bench.Clock.GetElapsedTime(began), TimeSpan.FromSeconds(20), Grace + TimeSpan.FromSeconds(0.5));
    }

    private static async Task<bool> WithValueAsync(Task task)
    {
        await task;
        return true;
    }
}
