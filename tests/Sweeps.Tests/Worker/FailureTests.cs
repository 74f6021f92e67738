using Sweeps.Abstractions.Trials;
using Sweeps.Core.States;
using Sweeps.Core.Trainer;
using Sweeps.Tests.Worker.Fakes;
using Sweeps.Worker.Trainers;

namespace Sweeps.Tests.Worker;

public sealed class FailureTests
{
    [Theory]
    [InlineData(139, false, "", FailureClass.Crash, "the trainer was ended by signal 11 (SIGSEGV)")]
    [InlineData(134, false, "boom\nlast line\n", FailureClass.Crash, "the trainer was ended by signal 6 (SIGABRT); its last words: last line")]
    [InlineData(137, true, "", FailureClass.OutOfMemory, "the trainer was ended by signal 9 (SIGKILL), out of memory")]
    [InlineData(3, false, "", FailureClass.Crash, "the trainer ended with code 3")]
    [InlineData(0, false, "", FailureClass.Crash, "the trainer ended with code 0")]
    public async Task A_trainer_that_dies_is_reported_by_class(
        int code, bool forMemory, string words, FailureClass failure, string message)
    {
        await using var bench = await WorkerBench.StartAsync();
        var trainer = await bench.RunAsync(WorkerBench.Job(1));
        trainer.Die(new TrainerExit(code, forMemory, words));

        var (_, report) = await bench.Cluster.Reports.NextAsync();
        Assert.Equal(new AttemptEnd(AttemptOutcome.Failed, failure, message), report.End);
    }

    [Fact]
    public async Task After_a_crash_the_next_trainer_starts_while_the_failure_is_still_being_reported()
    {
        var answer = new TaskCompletionSource<ReportAnswer>();
        await using var bench = await WorkerBench.StartAsync(prepare: bench => bench.Cluster.OnReport = (_, _) => answer.Task);
        var trainer = await bench.RunAsync(WorkerBench.Job(1));
        await bench.Cluster.Waits.NextAsync();
        trainer.Die(new TrainerExit(139, false, string.Empty));

        var second = await bench.Launcher.NextAsync();
        Assert.Single(bench.Cluster.Waits.All);
        answer.SetResult(new ReportAnswer(false, Wanted.Run));
        bench.Cluster.Offer(WorkerBench.Job(1, attempt: 2));
        Assert.Equal(2, (await second.StartedAsync()).Attempt);
    }

    [Fact]
    public async Task What_a_trainer_says_of_its_failure_is_reported_and_the_trainer_goes()
    {
        await using var bench = await WorkerBench.StartAsync();
        var trainer = await bench.RunAsync(WorkerBench.Job(1));
        trainer.Say(new FailedFrame(FailureClass.NonFiniteLoss, "NaN at step 3"));

        var (_, report) = await bench.Cluster.Reports.NextAsync();
        Assert.Equal(new AttemptEnd(AttemptOutcome.Failed, FailureClass.NonFiniteLoss, "NaN at step 3"), report.End);
        var second = await bench.RunAsync(WorkerBench.Job(2));
        Assert.NotSame(trainer, second);
        Assert.True(trainer.Killed);
    }

    [Fact]
    public async Task A_trainer_that_does_not_start_fails_the_attempt_with_its_words()
    {
        await using var bench = await WorkerBench.StartAsync(
            prepare: bench => bench.Launcher.Refusal = new TrainerStartException("cannot start the trainer 'x': no such file"));
        bench.Cluster.Offer(WorkerBench.Job(1));
        var (_, report) = await bench.Cluster.Reports.NextAsync();
        Assert.Equal(FailureClass.Crash, report.End!.Failure);
        Assert.Contains("no such file", report.End.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_error_that_nobody_foresaw_costs_the_attempt_and_not_the_slot()
    {
        await using var bench = await WorkerBench.StartAsync();
        (await bench.Launcher.NextAsync()).WriteError = new NotSupportedException("odd");
        bench.Cluster.Offer(WorkerBench.Job(1));
        var trainer = await bench.RunAsync(WorkerBench.Job(2));
        trainer.Say(new DoneFrame("f", "b"));
        var (job, _) = await bench.Cluster.Reports.NextAsync();
        Assert.Equal(2, job.Number);
    }

    [Fact]
    public async Task Silence_after_three_beats_is_a_hang_after_a_minute()
    {
        await using var bench = await WorkerBench.StartAsync();
        var trainer = await bench.RunAsync(WorkerBench.Job(1));
        for (var beat = 1; beat <= 3; beat++)
        {
            trainer.Say(new BeatFrame("load", beat));
        }

        // The offer comes after the beats: once it is answered, they have been read.
        trainer.OfferCheckpoint(1, 1, final: false);
        Assert.IsType<OfferAnswer>(await trainer.Heard.NextAsync());
        await bench.Cluster.Reports.NextAsync();
        await bench.TickAnsweredAsync(60);
        Assert.False(trainer.Killed);
        await bench.TickAnsweredAsync(1);
        Assert.True(trainer.Killed);

        var (_, report) = await bench.Cluster.Reports.NextAsync();
        Assert.Equal(
            new AttemptEnd(AttemptOutcome.Failed, FailureClass.Hang, "hang in phase load: no beat for 60 s"), report.End);
    }

    [Fact]
    public async Task Running_trainers_hear_a_pulse_at_every_tick()
    {
        await using var bench = await WorkerBench.StartAsync();
        var trainer = await bench.RunAsync(WorkerBench.Job(1));
        bench.Tick(3);
        for (var i = 0; i < 3; i++)
        {
            await trainer.Pulses.NextAsync();
        }
    }
}
