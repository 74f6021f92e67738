using Sweeps.Abstractions.Trials;
using Sweeps.Abstractions.Workers;
using Sweeps.Core.States;
using Sweeps.Core.Trainer;
using Sweeps.Tests.Worker.Fakes;

namespace Sweeps.Tests.Worker;

public sealed class PrefetchTests
{
    [Fact]
    public async Task The_final_offer_makes_the_slot_take_its_next_lease_which_beats_list_as_held()
    {
        var answer = new TaskCompletionSource<ReportAnswer>();
        await using var bench = await WorkerBench.StartAsync(prepare: bench => bench.Cluster.OnReport = (n, _) => n == 1
            ? answer.Task
            : Task.FromResult(new ReportAnswer(false, Wanted.Run)));
        var trainer = await bench.RunAsync(WorkerBench.Job(1));
        await bench.Cluster.Leases.NextAsync();
        bench.Cluster.Offer(WorkerBench.Job(2));
        trainer.OfferCheckpoint(1, 5, final: true);
        Assert.Equal(2, (await bench.Cluster.Leases.NextAsync()).Job.Number);

        await bench.TickUntilAsync(() => bench.Cluster.Beats.All.Any(beat => beat.Held.Count == 2));
        await bench.TickUntilAsync(() => bench.Cluster.Heartbeats.All.Any(one => one.Job.Number == 2));
        answer.SetResult(new ReportAnswer(false, Wanted.Run));
        Assert.IsType<OfferAnswer>(await trainer.Heard.NextAsync());
        trainer.Say(new DoneFrame("f", "b"));
        Assert.Equal(2, (await trainer.StartedAsync()).Job.Number);
    }

    [Fact]
    public async Task The_next_attempt_begins_before_the_end_of_the_former_is_answered()
    {
        var answer = new TaskCompletionSource<ReportAnswer>();
        await using var bench = await WorkerBench.StartAsync(prepare: bench => bench.Cluster.OnReport = (n, report) =>
            report.End is not null ? answer.Task : Task.FromResult(new ReportAnswer(false, Wanted.Run)));
        var trainer = await bench.RunAsync(WorkerBench.Job(1));
        bench.Cluster.Offer(WorkerBench.Job(2));
        trainer.Say(new DoneFrame("f", "b"));
        Assert.Equal(2, (await trainer.StartedAsync()).Job.Number);
        bench.Tick(3);
        await bench.Cluster.Beats.NextAsync(beat => beat.Held.Count == 2);
        answer.SetResult(new ReportAnswer(false, Wanted.Run));
    }

    [Theory]
    [InlineData(0.4, true)]
    [InlineData(60, false)]
    public async Task Progress_that_says_how_much_is_left_decides(double secondsLeft, bool prefetches)
    {
        await using var bench = await WorkerBench.StartAsync();
        var trainer = await bench.RunAsync(WorkerBench.Job(1));
        await bench.Cluster.Waits.NextAsync();
        trainer.Say(new ProgressFrame { Step = 9, TotalSteps = 10, StepSeconds = secondsLeft });
        trainer.Say(new EventFrame("word", "after the progress"));
        await bench.Cluster.Reports.NextAsync();
        Assert.Equal(prefetches ? 2 : 1, bench.Cluster.Waits.All.Count);
    }

    [Fact]
    public async Task Short_attempts_of_a_sweep_prefetch_from_the_beginning()
    {
        await using var bench = await WorkerBench.StartAsync();
        var trainer = await bench.RunAsync(WorkerBench.Job(1));
        trainer.Say(new DoneFrame("f", "b"));
        bench.Cluster.Offer(WorkerBench.Job(2));
        bench.Cluster.Offer(WorkerBench.Job(3));
        Assert.Equal(2, (await trainer.StartedAsync()).Job.Number);
        Assert.Equal(3, (await bench.Cluster.Leases.NextAsync(lease => lease.Job.Number == 3)).Job.Number);
    }

    [Fact]
    public async Task A_lease_not_begun_is_given_back_when_it_is_not_wanted_any_more()
    {
        await using var bench = await WorkerBench.StartAsync(prepare: bench => bench.Cluster.OnHeartbeat = request =>
            Task.FromResult(new HeartbeatAnswer(false, request.Attempt == 9 ? Wanted.Pause : Wanted.Run)));
        var trainer = await bench.RunAsync(WorkerBench.Job(1));
        bench.Cluster.Offer(WorkerBench.Job(2, attempt: 9));
        trainer.Say(new ProgressFrame { Step = 9, TotalSteps = 10, StepSeconds = 0.1 });
        await bench.Cluster.Leases.NextAsync(lease => lease.Job.Number == 2);
        await bench.TickUntilAsync(() => bench.Cluster.Heartbeats.All.Any(one => one.Job.Number == 2));
        trainer.Say(new DoneFrame("f", "b"));
        var (_, report) = await bench.Cluster.Reports.NextAsync(one => one.Job.Number == 2);
        Assert.Equal(AttemptOutcome.Released, report.End!.Outcome);
    }

    [Fact]
    public async Task A_drain_gives_a_lease_back_that_has_not_begun()
    {
        await using var bench = await WorkerBench.StartAsync();
        var trainer = await bench.RunAsync(WorkerBench.Job(1));
        await bench.Cluster.Leases.NextAsync();
        bench.Cluster.Offer(WorkerBench.Job(2));
        trainer.Say(new ProgressFrame { Step = 9, TotalSteps = 10, StepSeconds = 0.1 });
        await bench.Cluster.Leases.NextAsync();
        _ = bench.DrainAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(TrainerCommand.Checkpoint, await trainer.CommandAsync());
        trainer.Say(new ReleasedFrame(9));
        var ends = new[] { await bench.Cluster.Reports.NextAsync(), await bench.Cluster.Reports.NextAsync() };
        Assert.Equal([1, 2], ends.Select(one => one.Job.Number).Order());
        Assert.All(ends, one => Assert.Equal(AttemptOutcome.Released, one.Report.End!.Outcome));
    }
}
