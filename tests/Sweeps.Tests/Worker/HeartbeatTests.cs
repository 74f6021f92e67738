using Sweeps.Abstractions.Trials;
using Sweeps.Abstractions.Workers;
using Sweeps.Core.States;
using Sweeps.Core.Trainer;
using Sweeps.Tests.Worker.Fakes;

namespace Sweeps.Tests.Worker;

public sealed class HeartbeatTests
{
    [Fact]
    public async Task Held_jobs_are_heartbeaten_with_their_progress_and_listed_in_beats()
    {
        await using var bench = await WorkerBench.StartAsync();
        var trainer = await bench.RunAsync(WorkerBench.Job(1));
        trainer.Say(new ProgressFrame { Step = 4, TotalSteps = 9 });
        trainer.Say(new EventFrame("word", "after the progress"));
        await bench.Cluster.Reports.NextAsync();
        bench.Tick(3);

        var beat = await bench.Cluster.Beats.NextAsync();
        Assert.Equal(1, beat.Incarnation);
        Assert.Equal([new HeldJob(WorkerBench.Job(1).Job, 1, 0)], beat.Held);
        var (job, heartbeat) = await bench.Cluster.Heartbeats.NextAsync();
        Assert.Equal(WorkerBench.Job(1).Job, job);
        Assert.Equal((1, new WorkerLife("w", 1), 0), (heartbeat.Attempt, heartbeat.Life, heartbeat.Slot));
        Assert.Equal(4, heartbeat.Progress!.Step);
    }

    [Fact]
    public async Task Unanswered_for_ten_ticks_the_worker_gives_the_attempt_up_without_a_word()
    {
        await using var bench = await WorkerBench.StartAsync(prepare: bench => bench.Cluster.OnHeartbeat =
            _ => Task.FromException<HeartbeatAnswer>(new TimeoutException()));
        var trainer = await bench.RunAsync(WorkerBench.Job(1));
        await bench.TickAnsweredAsync(10);
        Assert.DoesNotContain(trainer.Heard.All, frame => frame is CommandFrame);
        await bench.TickAnsweredAsync();
        Assert.Equal(TrainerCommand.Abandon, await trainer.CommandAsync());
        bench.Tick(2);
        Assert.True(trainer.Killed);
        await bench.RunAsync(WorkerBench.Job(2));
        Assert.Empty(bench.Cluster.Reports.All);
    }

    [Fact]
    public async Task A_machine_that_slept_asks_first_and_keeps_its_attempts()
    {
        var lost = true;
        await using var bench = await WorkerBench.StartAsync(prepare: bench => bench.Cluster.OnHeartbeat =
            _ => lost
                ? Task.FromException<HeartbeatAnswer>(new TimeoutException())
                : Task.FromResult(new HeartbeatAnswer(false, Wanted.Run)));
        var trainer = await bench.RunAsync(WorkerBench.Job(1));
        await bench.TickAnsweredAsync(9);
        var beats = bench.Cluster.Beats.All.Count;
        var heartbeats = bench.Cluster.Heartbeats.All.Count;
        bench.Clock.Advance(TimeSpan.FromHours(1));
        await bench.TickAnsweredAsync();
        Assert.Equal((beats + 1, heartbeats + 1), (bench.Cluster.Beats.All.Count, bench.Cluster.Heartbeats.All.Count));
        await bench.TickAnsweredAsync(9);
        lost = false;
        await bench.TickAnsweredAsync(20);
        Assert.DoesNotContain(trainer.Heard.All, frame => frame is CommandFrame);

        trainer.Say(new DoneFrame("f", "b"));
        var (_, report) = await bench.Cluster.Reports.NextAsync();
        Assert.Equal(AttemptOutcome.Completed, report.End!.Outcome);
    }

    [Fact]
    public async Task After_a_sleep_silence_is_no_hang_for_a_while()
    {
        await using var bench = await WorkerBench.StartAsync(options => options.BeatLimits.First = TimeSpan.FromSeconds(2));
        var trainer = await bench.RunAsync(WorkerBench.Job(1));
        bench.Tick(2);
        bench.Clock.Advance(TimeSpan.FromMinutes(10));
        bench.Service.Tick();
        bench.Tick(2);
        Assert.False(trainer.Killed);
        bench.Tick(1);
        Assert.True(trainer.Killed);
    }

    [Fact]
    public async Task A_stale_incarnation_gives_everything_up_and_registers_as_a_new_one()
    {
        await using var bench = await WorkerBench.StartAsync(prepare: bench => bench.Cluster.OnBeat =
            beat => Task.FromResult(new WorkerBeatAnswer(beat.Incarnation == 2)));
        var trainer = await bench.RunAsync(WorkerBench.Job(1));
        bench.Tick(3);
        Assert.Equal(TrainerCommand.Abandon, await trainer.CommandAsync());
        await bench.Cluster.Registrations.NextAsync();
        await bench.Cluster.Registrations.NextAsync();
        Assert.Equal(2, bench.Cluster.Registrations.All.Select(one => one.Token).Distinct().Count());
        trainer.Say(new ReleasedFrame(0));
        bench.Cluster.Offer(WorkerBench.Job(2));
        await trainer.StartedAsync();
        Assert.Equal(2, bench.Cluster.Leases.All[^1].Request.Incarnation);
        Assert.Empty(bench.Cluster.Reports.All);
    }

    [Fact]
    public async Task The_first_new_step_is_told_at_once()
    {
        await using var bench = await WorkerBench.StartAsync();
        var trainer = await bench.RunAsync(WorkerBench.Job(1));
        trainer.Say(new ProgressFrame { Step = 4, TotalSteps = 9, ResumedFrom = 4 });
        trainer.Say(new ProgressFrame { Step = 5, TotalSteps = 9, ResumedFrom = 4 });
        trainer.Say(new ProgressFrame { Step = 6, TotalSteps = 9, ResumedFrom = 4 });
        trainer.Say(new EventFrame("word", "after the progress"));
        await bench.Cluster.Reports.NextAsync();
        Assert.True((await bench.Cluster.Heartbeats.NextAsync()).Request.Progress!.Step >= 5);
        Assert.Single(bench.Cluster.Heartbeats.All);
    }

    [Fact]
    public async Task A_nudge_makes_the_worker_ask_at_once()
    {
        await using var bench = await WorkerBench.StartAsync(prepare: bench => bench.Cluster.OnHeartbeat =
            _ => Task.FromResult(new HeartbeatAnswer(false, Wanted.Pause)));
        var trainer = await bench.RunAsync(WorkerBench.Job(1));
        await bench.Cluster.Nudges.Writer.WriteAsync(WorkerBench.Job(1).Job, TestContext.Current.CancellationToken);
        Assert.Equal(TrainerCommand.Checkpoint, await trainer.CommandAsync());
    }

    [Fact]
    public async Task A_lost_registration_is_repeated_with_its_token()
    {
        await using var bench = await WorkerBench.StartAsync(prepare: bench => bench.Cluster.OnRegister =
            n => n < 3 ? Task.FromException<long>(new TimeoutException()) : Task.FromResult(7L));
        var wait = await bench.MovingClockAsync(bench.Cluster.Waits.NextAsync());
        Assert.Equal(7, wait.Incarnation);
        Assert.Equal(3, bench.Cluster.Registrations.All.Count);
        Assert.Single(bench.Cluster.Registrations.All.Select(one => one.Token).Distinct());
    }
}
