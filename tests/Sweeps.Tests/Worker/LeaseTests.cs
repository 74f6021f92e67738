using Sweeps.Abstractions.Trials;
using Sweeps.Core.States;
using Sweeps.Core.Trainer;
using Sweeps.Tests.Worker.Fakes;

namespace Sweeps.Tests.Worker;

public sealed class LeaseTests
{
    [Fact]
    public async Task A_job_is_leased_run_and_reported_in_order()
    {
        await using var bench = await WorkerBench.StartAsync();
        bench.Cluster.Offer(WorkerBench.Job(1));
        var trainer = await bench.Launcher.NextAsync();
        var assignment = await trainer.StartedAsync();

        Assert.Equal($"{bench.Home.Sweeps}/s-1/train-1/attempt-1", assignment.Directory);
        Assert.Equal($"{bench.Home.Sweeps}/s-1/train-1/attempt-0/step-0", assignment.Checkpoints[0].Directory);
        Assert.Equal(["/objects/aa11", "/models/m"], assignment.Inputs.Select(input => input.Path));
        var lease = (await bench.Cluster.Leases.NextAsync()).Request;
        Assert.Equal(new LeaseRequest("w", 1, 0, 1, trainer.Hello.Machine), lease);

        trainer.Say(new EventFrame("resumed", "from step 0"));
        trainer.OfferCheckpoint(1, 5, final: true);
        var answer = Assert.IsType<OfferAnswer>(await trainer.Heard.NextAsync());
        Assert.Equal((1, true), (answer.Offer, answer.Committed));
        trainer.Say(new DoneFrame("f", "b"));

        var reports = new[]
        {
            (await bench.Cluster.Reports.NextAsync()).Report,
            (await bench.Cluster.Reports.NextAsync()).Report,
            (await bench.Cluster.Reports.NextAsync()).Report,
        };
        Assert.Equal([1, 2, 3], reports.Select(report => report.Sequence));
        Assert.All(reports, report => Assert.Equal(1, report.Attempt));
        Assert.Equal("resumed", reports[0].Event!.Kind);
        Assert.Equal("s-1/train-1/attempt-1/step-5", reports[1].Offer!.Checkpoint!.Directory);
        Assert.Equal(new AttemptEnd(AttemptOutcome.Completed, null, null, "f", "b"), reports[2].End);
    }

    [Fact]
    public async Task A_lost_lease_answer_is_asked_for_with_the_same_number()
    {
        await using var bench = await WorkerBench.StartAsync(prepare: bench => bench.Cluster.OnLease =
            (n, answer) => n < 3 ? Task.FromException<LeaseAnswer>(new TimeoutException()) : Task.FromResult(answer));
        bench.Cluster.Offer(WorkerBench.Job(1));
        var trainer = await bench.Launcher.NextAsync();
        await bench.MovingClockAsync(trainer.StartedAsync());

        Assert.Equal(3, bench.Cluster.Leases.All.Count);
        Assert.Single(bench.Cluster.Leases.All.Select(lease => lease.Request).Distinct());
    }

    [Fact]
    public async Task A_refused_lease_is_followed_by_a_request_of_a_new_number()
    {
        await using var bench = await WorkerBench.StartAsync(prepare: bench => bench.Cluster.OnLease =
            (n, answer) => Task.FromResult(n == 1 ? new LeaseAnswer(false, null, "taken") : answer));
        bench.Cluster.Offer(WorkerBench.Job(1));
        bench.Cluster.Offer(WorkerBench.Job(2));
        var trainer = await bench.Launcher.NextAsync();
        Assert.Equal(2, (await trainer.StartedAsync()).Job.Number);

        Assert.Equal([1L, 2L], bench.Cluster.Waits.All.Select(request => request.Request).Take(2));
    }

    [Fact]
    public async Task A_lost_report_answer_is_asked_for_with_the_same_sequence()
    {
        await using var bench = await WorkerBench.StartAsync(prepare: bench => bench.Cluster.OnReport =
            (n, _) => n < 3 ? Task.FromException<ReportAnswer>(new TimeoutException()) : Task.FromResult(new ReportAnswer(false, Wanted.Run)));
        var trainer = await bench.RunAsync(WorkerBench.Job(1));
        trainer.OfferCheckpoint(1, 5, final: false);
        trainer.Say(new EventFrame("word", "after the offer"));

        var answer = await bench.MovingClockAsync(trainer.Heard.NextAsync());
        Assert.True(Assert.IsType<OfferAnswer>(answer).Committed);
        await bench.Cluster.Reports.NextAsync(one => one.Report.Event is not null);
        Assert.Equal([1L, 1L, 1L, 2L], bench.Cluster.Reports.All.Select(one => one.Report.Sequence));
    }

    [Fact]
    public async Task A_fenced_report_abandons_the_attempt_and_kills_a_trainer_that_goes_on()
    {
        await using var bench = await WorkerBench.StartAsync(prepare: bench => bench.Cluster.OnReport =
            (_, _) => Task.FromResult(new ReportAnswer(true, Wanted.Run)));
        var trainer = await bench.RunAsync(WorkerBench.Job(1));
        trainer.OfferCheckpoint(1, 5, final: false);
        Assert.Equal(TrainerCommand.Abandon, await trainer.CommandAsync());
        trainer.OfferCheckpoint(2, 6, final: false);

        bench.Tick();
        Assert.False(trainer.Killed);
        bench.Tick();
        Assert.True(trainer.Killed);

        // The slot goes on; nothing more was said about the fenced attempt.
        await bench.RunAsync(WorkerBench.Job(2));
        Assert.Single(bench.Cluster.Reports.All);
        Assert.DoesNotContain(trainer.Heard.All, frame => frame is OfferAnswer);
    }

    [Fact]
    public async Task A_fenced_trainer_that_stops_is_used_again()
    {
        await using var bench = await WorkerBench.StartAsync(prepare: bench => bench.Cluster.OnHeartbeat =
            request => Task.FromResult(new HeartbeatAnswer(true, Wanted.Run)));
        var trainer = await bench.RunAsync(WorkerBench.Job(1));
        bench.Tick(2);
        Assert.Equal(TrainerCommand.Abandon, await trainer.CommandAsync());
        trainer.Say(new ReleasedFrame(3));
        bench.Cluster.Offer(WorkerBench.Job(2));
        Assert.Equal(2, (await trainer.StartedAsync()).Job.Number);
        Assert.Empty(bench.Cluster.Reports.All);
    }

    [Theory]
    [InlineData(Wanted.Pause)]
    [InlineData(Wanted.Stop)]
    [InlineData(Wanted.Cancel)]
    public async Task A_wish_makes_the_trainer_write_a_checkpoint_and_release(Wanted wish)
    {
        await using var bench = await WorkerBench.StartAsync(prepare: bench => bench.Cluster.OnHeartbeat =
            _ => Task.FromResult(new HeartbeatAnswer(false, wish)));
        var trainer = await bench.RunAsync(WorkerBench.Job(1));
        bench.Tick(4);
        Assert.Equal(TrainerCommand.Checkpoint, await trainer.CommandAsync());
        trainer.OfferCheckpoint(1, 7, final: false);
        Assert.IsType<OfferAnswer>(await trainer.Heard.NextAsync());
        trainer.Say(new ReleasedFrame(7));

        await bench.Cluster.Reports.NextAsync(one => one.Report.End?.Outcome == AttemptOutcome.Released);
        Assert.Single(trainer.Heard.All.OfType<CommandFrame>());
    }

    [Fact]
    public async Task A_checkpoint_outside_the_attempts_folder_is_not_reported()
    {
        await using var bench = await WorkerBench.StartAsync();
        var trainer = await bench.RunAsync(WorkerBench.Job(1));
        trainer.OfferCheckpoint(1, 5, final: false, directory: $"{bench.Home.Sweeps}/s-1/train-1/attempt-1/../../train-2/attempt-1/step-5");
        Assert.False(Assert.IsType<OfferAnswer>(await trainer.Heard.NextAsync()).Committed);
        Assert.Empty(bench.Cluster.Reports.All);
    }

    [Fact]
    public async Task A_word_about_a_former_attempt_is_not_taken_for_the_present_one()
    {
        await using var bench = await WorkerBench.StartAsync();
        var trainer = await bench.RunAsync(WorkerBench.Job(1));
        trainer.Say(new DoneFrame("f1", "b1"));
        bench.Cluster.Offer(WorkerBench.Job(2));
        await trainer.StartedAsync();
        trainer.SayAbout(WorkerBench.Job(1), new DoneFrame("late", "late"));
        trainer.Say(new DoneFrame("f2", "b2"));

        var ends = new[] { await bench.Cluster.Reports.NextAsync(), await bench.Cluster.Reports.NextAsync() };
        Assert.Equal([(1, "f1"), (2, "f2")], ends.Select(one => (one.Job.Number, one.Report.End!.FinalSha256!)).Order());
    }
}
