using Sweeps.Core.Ids;
using Sweeps.Core.States;
using Sweeps.Core.Trainer;
using Xunit;

namespace Sweeps.Chaos.Tests.Trainer;

/// <summary>The trainer's side of PROTOCOL.md, on the real program.</summary>
public sealed class TrainVerbTests : IDisposable
{
    private readonly TrainerWorkplace _place = new();

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task Serves_a_train_job_then_another_warm_with_the_same_weights_as_cold()
    {
        await using var worker = await ScriptedWorker.StartAsync();
        Assert.Equal(Frame.Version, worker.Hello.Protocol);
        Assert.Equal(worker.Process.Id, worker.Hello.ProcessId);
        Assert.Matches(@"^2\.10\.0 \w+ 1$", worker.Hello.Machine);

        var first = Assert.IsType<DoneFrame>(await worker.RunAsync(_place.Train(1, 1)));
        var offers = worker.Committed.ToList();
        Assert.Equal(Enumerable.Range(1, offers.Count), offers.Select(offer => (int)offer.Offer));
        Assert.Equal([15, 30], offers.SelectMany(offer => offer.Evaluations).Select(evaluation => evaluation.Step));
        Assert.All(offers, offer => Assert.Equal(30, offer.TotalSteps));
        Assert.Equal(Enumerable.Range(1, 30), offers.SelectMany(offer => offer.Points).Select(point => point.Step));
        var last = offers[^1].Checkpoint!;
        Assert.True(last.IsFinal && last.HasState && last.Step == 30);
        Assert.Equal(last.WeightsSha256, first.FinalSha256);
        Assert.Equal(offers.Last(offer => offer.Checkpoint!.IsBest).Checkpoint!.WeightsSha256, first.BestSha256);
        Assert.Contains(worker.Seen, frame => frame is BeatFrame { Phase: "step" });
        Assert.Contains(worker.Seen, frame => frame is ProgressFrame { Step: 30, TotalSteps: 30, TrainableParameters: > 0 });
        Assert.All(worker.Seen.Skip(1), frame => Assert.Equal((JobId.Train("s", 1), 1), (frame.Job, frame.Attempt)));

        // Another setting in between, then the first one again: what stays warm must not change what comes out.
        Assert.IsType<DoneFrame>(await worker.RunAsync(_place.Train(2, 1, TrainerWorkplace.Settings with { Method = "full", Rank = null, LoraDropout = 0 })));
        var warm = Assert.IsType<DoneFrame>(await worker.RunAsync(_place.Train(3, 1)));
        Assert.Equal(first, warm with { Job = first.Job });

        await worker.CommandAsync(TrainerCommand.Exit);
        Assert.Equal(0, await worker.DieAsync());
    }

    [Fact]
    public async Task A_checkpoint_command_releases_and_the_next_attempt_ends_with_the_same_weights()
    {
        await using var undisturbed = await ScriptedWorker.StartAsync();
        var expected = Assert.IsType<DoneFrame>(await undisturbed.RunAsync(_place.Train(1, 1)));

        await using var worker = await ScriptedWorker.StartAsync();
        await worker.BeginAsync(_place.Train(2, 1));
        await worker.WaitAsync<ProgressFrame>(progress => progress.Step >= 2);
        await worker.CommandAsync(TrainerCommand.Checkpoint);
        var released = Assert.IsType<ReleasedFrame>(await worker.EndAsync());
        Assert.InRange(released.Step, 2, 30);
        Assert.Equal(released.Step, worker.Committed[^1].Checkpoint!.Step);

        var resumed = Assert.IsType<DoneFrame>(await worker.RunAsync(_place.Train(2, 2, committed: worker.Committed)));
        Assert.Equal((expected.FinalSha256, expected.BestSha256), (resumed.FinalSha256, resumed.BestSha256));
        Assert.Contains(worker.Seen, frame => frame is EventFrame { Kind: "resumed" } told && told.Checkpoint!.Step == released.Step);
        Assert.DoesNotContain(worker.Seen, frame => frame is EventFrame { Kind: "replay-differs" });
    }

    [Fact]
    public async Task Abandon_releases_without_another_checkpoint()
    {
        await using var worker = await ScriptedWorker.StartAsync();
        await worker.BeginAsync(_place.Train(1, 1, TrainerWorkplace.Settings with { Epochs = 200, CheckpointSteps = 0 }));
        await worker.WaitAsync<ProgressFrame>(progress => progress.Step >= 2);
        var offers = worker.Committed.Count;
        worker.Answers = false;
        await worker.CommandAsync(TrainerCommand.Abandon);
        Assert.IsType<ReleasedFrame>(await worker.EndAsync());
        Assert.Equal(offers, worker.Committed.Count);
    }

    [Fact]
    public async Task The_end_of_the_pipe_ends_the_process_within_a_second()
    {
        await using var worker = await ScriptedWorker.StartAsync();
        await worker.BeginAsync(_place.Train(1, 1, TrainerWorkplace.Settings with { Epochs = 200 }));
        await worker.WaitAsync<ProgressFrame>(progress => progress.Step >= 2);
        worker.HangUp();
        await worker.ExitAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(0, worker.Process.ExitCode);
    }

    [Fact]
    public async Task Signals_of_the_terminal_are_ignored()
    {
        await using var worker = await ScriptedWorker.StartAsync();
        await worker.BeginAsync(_place.Train(1, 1));
        worker.Signal(Signal.Interrupt);
        worker.Signal(Signal.Terminate);
        Assert.IsType<DoneFrame>(await worker.EndAsync());
    }

    [Fact]
    public async Task An_unheard_trainer_stops_stepping_and_goes_on_when_heard_again()
    {
        // An epoch of many small steps: no offer, whose answer would be heard, falls into the silence.
        using var place = new TrainerWorkplace(train: 9000);
        await using var worker = await ScriptedWorker.StartAsync();
        await worker.BeginAsync(place.Train(1, 1, TrainerWorkplace.Settings with { BatchSize = 1, CheckpointSteps = 0 }));
        await worker.WaitAsync<ProgressFrame>(progress => progress.Step >= 2);
        worker.Pulses = false;
        var silent = System.Diagnostics.Stopwatch.StartNew();

        // It says so with beats of the phase wait; no step follows the first of them.
        await worker.WaitAsync<BeatFrame>(beat => beat.Phase == "wait");
        Assert.InRange(silent.Elapsed.TotalSeconds, 8, 60);
        var beats = worker.Seen.OfType<BeatFrame>().Last(beat => beat.Phase == "step").Count;
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal("wait", (await worker.WaitAsync<BeatFrame>()).Phase);
        }

        worker.Pulses = true;
        await worker.WaitAsync<BeatFrame>(beat => beat.Phase == "step" && beat.Count > beats + 2);
    }

    [Fact]
    public async Task A_stopped_trainer_that_wakes_goes_on_with_the_same_attempt()
    {
        await using var worker = await ScriptedWorker.StartAsync();
        await worker.BeginAsync(_place.Train(1, 1, TrainerWorkplace.Settings with { Epochs = 4 }));
        await worker.WaitAsync<ProgressFrame>(progress => progress.Step >= 2);
        worker.Signal(Signal.Stop);
        using (var pause = new PeriodicTimer(TimeSpan.FromSeconds(6)))
        {
            await pause.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }

        worker.Signal(Signal.Continue);
        Assert.IsType<DoneFrame>(await worker.EndAsync());
    }

    [Fact]
    public async Task A_changed_input_is_bad_data_and_ends_the_trainer()
    {
        await using var worker = await ScriptedWorker.StartAsync();
        var assignment = _place.Train(1, 1);
        File.AppendAllText(Path.Combine(_place.Root, "train.csv"), "x\n");
        var failed = Assert.IsType<FailedFrame>(await worker.RunAsync(assignment));
        Assert.Equal(FailureClass.BadData, failed.Failure);
        Assert.Contains("has changed since the sweep was launched", failed.Message, StringComparison.Ordinal);
        Assert.Equal(1, await worker.DieAsync());
    }

    [Fact]
    public async Task A_learning_rate_beyond_reason_is_a_non_finite_loss()
    {
        await using var worker = await ScriptedWorker.StartAsync();
        var settings = TrainerWorkplace.Settings with { Method = "full", Rank = null, LearningRate = 1e30, Warmup = 0, Clip = 0, Epochs = 3 };
        var failed = Assert.IsType<FailedFrame>(await worker.RunAsync(_place.Train(1, 1, settings)));
        Assert.Equal(FailureClass.NonFiniteLoss, failed.Failure);
        Assert.Contains("Lower the learning rate", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_slot_is_locked_for_the_trainers_life()
    {
        await using var worker = await ScriptedWorker.StartAsync(null, null, "--home", _place.Root, "--slot", "3");
        var path = Path.Combine(_place.Root, "slots", "3.lock");
        Assert.Throws<IOException>(() => new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None).Dispose());
        var error = await Assert.ThrowsAsync<EndOfStreamException>(
            () => ScriptedWorker.StartAsync(null, null, "--home", _place.Root, "--slot", "3"));
        Assert.Contains("code 4", error.Message, StringComparison.Ordinal);
        await worker.CommandAsync(TrainerCommand.Exit);
        await worker.DieAsync();
        new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None).Dispose();
    }

    [Fact]
    public async Task Preflight_and_evaluation_offer_figures_and_write_nothing()
    {
        await using var worker = await ScriptedWorker.StartAsync();
        var preflight = new JobId("s", JobKind.Preflight, 1);
        Assert.IsType<DoneFrame>(await worker.RunAsync(_place.Assign(preflight, 1, TrainerWorkplace.Settings)));
        var facts = worker.Committed[^1];
        Assert.Null(facts.Checkpoint);
        Assert.Equal(30, facts.TotalSteps);
        Assert.InRange(facts.StepSeconds!.Value, 1e-4, 30);
        Assert.InRange(facts.PeakMemoryBytes!.Value, 50L << 20, 4L << 30);

        var best = new List<OfferFrame>();
        Assert.IsType<DoneFrame>(await worker.RunAsync(_place.Train(1, 1)));
        best.Add(worker.Committed.Last(offer => offer.Checkpoint is { IsBest: true }));
        var job = new JobId("s", JobKind.Evaluate, 1);
        var assignment = _place.Assign(job, 1, TrainerWorkplace.Settings, best);
        Assert.IsType<DoneFrame>(await worker.RunAsync(assignment));
        var scored = worker.Committed[^1];
        Assert.Null(scored.Checkpoint);
        var test = Assert.Single(scored.Evaluations);
        Assert.Equal(("test", 96, best[0].Checkpoint!.Step), (test.Split, test.Rows, test.Step));
        Assert.Equal(test.MacroF1, test.F1.Values.Average(), 12);
        Assert.False(Directory.Exists(assignment.Directory));
    }
}
