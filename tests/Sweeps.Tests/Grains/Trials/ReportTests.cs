using Sweeps.Abstractions;
using Sweeps.Abstractions.Trials;
using Sweeps.Core.Ids;
using Sweeps.Core.Ledger;
using Sweeps.Core.States;
using Sweeps.Core.Trainer;
using Sweeps.Storage.Memory;
using Sweeps.Tests.Grains.Support;
using Xunit;

namespace Sweeps.Tests.Grains.Trials;

/// <summary>Protocol 3, 7, 8 and 18 to 21: reports, ends, checkpoints.</summary>
public sealed class ReportTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_repeated_sequence_changes_nothing_and_gets_the_same_answer()
    {
        var bench = await Bench.LaunchedAsync("trials=1");
        var a = await bench.LeaseAsync(1);
        var first = await bench.OfferAsync(a, 1, 4, 0.5);
        var change = bench.Ledger.Change;
        Assert.Equal(first, await bench.OfferAsync(a, 1, 4, 0.5));
        Assert.Equal(change, bench.Ledger.Change);
        Assert.Equal(1, bench.JobRow(1).Seconds);
        Assert.True((await bench.OfferAsync(a, 3, 6)).Fenced);
    }

    [Fact]
    public async Task A_lost_answer_is_unknown_to_the_caller_and_the_repeat_writes_nothing_twice()
    {
        var bench = await Bench.LaunchedAsync("trials=1");
        var a = await bench.LeaseAsync(1);
        bench.FailNext("checkpoint", LedgerFault.LoseAnswer);
        await Assert.ThrowsAsync<OutcomeUnknownException>(() => bench.OfferAsync(a, 1, 4, 0.5));
        Assert.False((await bench.OfferAsync(a, 1, 4, 0.5)).Fenced);
        Assert.Equal((1L, 1.0), (bench.JobRow(1).Sequence, bench.JobRow(1).Seconds));
        bench.FailNext("checkpoint", LedgerFault.Full);
        await Assert.ThrowsAsync<OutcomeUnknownException>(() => bench.OfferAsync(a, 2, 6));
        Assert.False((await bench.OfferAsync(a, 2, 6)).Fenced);
        Assert.Equal(6, bench.JobRow(1).Step);
    }

    [Fact]
    public async Task A_stale_attempt_is_fenced_by_value_and_writes_nothing()
    {
        var bench = await Bench.LaunchedAsync("trials=1");
        var zombie = await bench.LeaseAsync(1);
        await bench.Trial(1).DisownAsync(1);
        Assert.True((await bench.OfferAsync(zombie, 1, 4, 0.9)).Fenced);
        await bench.LeaseAsync(1);
        var change = bench.Ledger.Change;
        Assert.True((await bench.OfferAsync(zombie, 1, 4, 0.9)).Fenced);
        Assert.True((await bench.EndAsync(zombie, 2, AttemptOutcome.Completed)).Fenced);
        Assert.Equal(change, bench.Ledger.Change);
    }

    [Fact]
    public async Task Rule_3_complete_comes_after_the_final_checkpoint_and_beats_any_pending_wish()
    {
        var bench = await Bench.LaunchedAsync("trials=2");
        var a = await bench.LeaseAsync(1);
        await bench.OfferAsync(a, 1, 10, 0.5);
        await bench.EndAsync(a, 2, AttemptOutcome.Completed);
        Assert.Equal((JobState.Queued, FailureClass.Crash), (bench.JobRow(1).State, bench.JobRow(1).FailureClass!.Value));

        var b = await bench.LeaseAsync(2);
        await bench.OfferAsync(b, 1, 10, 0.5, final: true);
        Assert.True((await bench.Trial(2).WishAsync(Wanted.Cancel)).Done);
        await bench.EndAsync(b, 2, AttemptOutcome.Completed);
        Assert.Equal(JobState.Completed, bench.JobRow(2).State);
        Assert.Equal("completed", bench.Attempts(2)[0].Outcome);
        Assert.False((await bench.EndAsync(b, 2, AttemptOutcome.Completed)).Fenced);
    }

    [Theory]
    [InlineData(Wanted.Pause, JobState.Paused, "paused")]
    [InlineData(Wanted.Stop, JobState.Stopped, "stopped")]
    [InlineData(Wanted.Cancel, JobState.Cancelled, "cancelled")]
    public async Task Rule_3_a_wish_changes_the_state_once_the_checkpoint_is_committed(Wanted wanted, JobState state, string outcome)
    {
        var bench = await Bench.LaunchedAsync("trials=1");
        var a = await bench.LeaseAsync(1);
        await bench.Trial(1).HeartbeatAsync(bench.Beat(a));
        Assert.True((await bench.Trial(1).WishAsync(wanted)).Done);
        Assert.Contains($"nudge w {a.Job}", bench.Hints);
        Assert.Equal(JobState.Running, bench.JobRow(1).State);
        Assert.Equal(wanted, (await bench.Trial(1).HeartbeatAsync(bench.Beat(a))).Wanted);
        Assert.Equal(wanted, (await bench.OfferAsync(a, 1, 4, 0.5)).Wanted);
        Assert.Equal(JobState.Running, bench.JobRow(1).State);
        await bench.EndAsync(a, 2, AttemptOutcome.Released);
        Assert.Equal((state, 4), (bench.JobRow(1).State, bench.JobRow(1).Step));
        Assert.Equal(outcome, bench.Attempts(1)[0].Outcome);
    }

    [Theory]
    [InlineData(Wanted.Pause, JobState.Paused)]
    [InlineData(Wanted.Stop, JobState.Stopped)]
    [InlineData(Wanted.Cancel, JobState.Cancelled)]
    public async Task Rule_3_a_lease_lost_while_something_is_wanted_goes_straight_there(Wanted wanted, JobState state)
    {
        var bench = await Bench.LaunchedAsync("trials=1");
        await bench.LeaseAsync(1);
        await bench.Trial(1).WishAsync(wanted);
        await bench.TickAsync(1, 15);
        Assert.Equal((state, 1), (bench.JobRow(1).State, bench.JobRow(1).Attempt));
        Assert.Equal("lost", bench.Attempts(1)[0].Outcome);
    }

    [Fact]
    public async Task The_first_retry_is_at_once_at_the_front_and_later_ones_back_off()
    {
        var bench = await Bench.LaunchedAsync("trials=1 retries=3");
        await FailAsync(bench, FailureClass.Crash);
        var job = bench.JobRow(1);
        Assert.Equal((JobState.Queued, true, 0L, 1), (job.State, job.Front, job.NotBefore, job.Failures));
        await bench.Sweep.PokeAsync(0);
        var ready = Assert.Single(bench.Ready);
        Assert.Equal((true, "w", 0), (ready.Front, ready.PreferWorker, ready.PreferSlot!.Value));

        await FailAsync(bench, FailureClass.Hang);
        job = bench.JobRow(1);
        var wait = job.NotBefore - bench.Time.GetUtcNow().ToUnixTimeMilliseconds();
        Assert.False(job.Front);
        Assert.InRange(wait, 1000, 3000);
        await bench.Sweep.PokeAsync(0);
        Assert.Empty(bench.Ready);
        Assert.False((await bench.Trial(1).LeaseAsync(bench.Request())).Granted);
        bench.Time.Advance(TimeSpan.FromMilliseconds(wait));
        await bench.Sweep.TickAsync();
        Assert.Single(bench.Ready);

        await FailAsync(bench, FailureClass.OutOfMemory);
        bench.Time.Advance(TimeSpan.FromSeconds(10));
        await FailAsync(bench, FailureClass.NonFiniteLoss);
        job = bench.JobRow(1);
        Assert.Equal((JobState.Failed, FailureClass.NonFiniteLoss, 4), (job.State, job.FailureClass!.Value, job.Failures));
        Assert.NotNull(job.FinishedAt);
    }

    [Theory]
    [InlineData(FailureClass.BadData)]
    [InlineData(FailureClass.BadSpec)]
    public async Task Bad_data_and_bad_specs_are_never_retried(FailureClass failure)
    {
        var bench = await Bench.LaunchedAsync("trials=1 retries=3");
        await FailAsync(bench, failure);
        Assert.Equal((JobState.Failed, "why"), (bench.JobRow(1).State, bench.JobRow(1).Message));
    }

    [Fact]
    public async Task Rule_14_the_count_of_failures_starts_afresh_once_a_later_checkpoint_is_committed()
    {
        var bench = await Bench.LaunchedAsync("trials=1 retries=1");
        var a = await bench.LeaseAsync(1);
        await bench.OfferAsync(a, 1, 4);
        await bench.EndAsync(a, 2, AttemptOutcome.Failed, FailureClass.Crash);
        Assert.Equal(1, bench.JobRow(1).Failures);
        var b = await bench.LeaseAsync(1);
        await bench.OfferAsync(b, 1, 4);
        Assert.Equal(1, bench.JobRow(1).Failures);
        await bench.OfferAsync(b, 2, 6);
        Assert.Equal(0, bench.JobRow(1).Failures);
        await bench.EndAsync(b, 3, AttemptOutcome.Failed, FailureClass.Crash);
        Assert.Equal(JobState.Queued, bench.JobRow(1).State);
        await FailAsync(bench, FailureClass.Crash);
        Assert.Equal(JobState.Failed, bench.JobRow(1).State);
    }

    [Fact]
    public async Task A_drain_gives_the_job_back_free_of_charge()
    {
        var bench = await Bench.LaunchedAsync("trials=1 retries=0");
        var a = await bench.LeaseAsync(1);
        await bench.EndAsync(a, 1, AttemptOutcome.Released);
        Assert.Equal((JobState.Queued, 0, true), (bench.JobRow(1).State, bench.JobRow(1).Failures, bench.JobRow(1).Front));
    }

    [Fact]
    public async Task A_checkpoint_is_worth_what_its_best_decision_is_worth()
    {
        var bench = await Bench.LaunchedAsync("trials=1");
        var a = await bench.LeaseAsync(1);
        await OfferDecisionsAsync(1, 2, 0.5, 0.6);
        await OfferDecisionsAsync(2, 4, 0.55, 0.4);
        Assert.Equal((0.6, 2), (bench.JobRow(1).BestValue!.Value, bench.JobRow(1).BestStep!.Value));
        await OfferDecisionsAsync(3, 6, 0.3, 0.7);
        Assert.Equal((0.7, 6), (bench.JobRow(1).BestValue!.Value, bench.JobRow(1).BestStep!.Value));
        Assert.Equal("1:4 1:6*", bench.Kept(1));

        Task OfferDecisionsAsync(long sequence, int step, double plain, double boosted) => bench.Job(a.Job).ReportAsync(new Report
        {
            Attempt = a.Attempt,
            Sequence = sequence,
            Offer = Offers.Checkpoint(a.Job, a.Attempt, step) with
            {
                Evaluations =
                [
                    Offers.Evaluation(step, "validation", plain),
                    Offers.Evaluation(step, "validation", boosted) with { Variant = "boosted" },
                ],
            },
        });
    }

    [Fact]
    public async Task The_last_two_and_the_best_are_kept_and_on_completion_the_best_alone()
    {
        var bench = await Bench.LaunchedAsync("trials=1");
        var a = await bench.LeaseAsync(1);
        await bench.OfferAsync(a, 1, 2, 0.3);
        await bench.OfferAsync(a, 2, 4, 0.9);
        await bench.OfferAsync(a, 3, 6, 0.5);
        Assert.Equal("1:4* 1:6", bench.Kept(1));
        await bench.OfferAsync(a, 4, 8);
        await bench.OfferAsync(a, 5, 10, 0.9, final: true);
        Assert.Equal("1:4* 1:8 1:10", bench.Kept(1));
        Assert.Equal((0.9, 4), (bench.JobRow(1).BestValue!.Value, bench.JobRow(1).BestStep!.Value));
        await bench.EndAsync(a, 6, AttemptOutcome.Completed);
        Assert.Equal("1:4*", bench.Kept(1));

        // Rule 19: what the trainer says of the final weights, and the best ones' own hash.
        Assert.Equal(("final", "weights-4"), (bench.JobRow(1).FinalSha256, bench.JobRow(1).BestSha256));
    }

    [Fact]
    public async Task Keep_checkpoints_keeps_them()
    {
        var bench = await Bench.LaunchedAsync("trials=1 keep=1");
        await bench.CompleteAsync(1, 0.5);
        var a = bench.Kept(1);
        Assert.Equal("1:10*", a);
        bench = await Bench.LaunchedAsync("trials=1 keep=1");
        var b = await bench.LeaseAsync(1);
        await bench.OfferAsync(b, 1, 8, 0.9);
        await bench.OfferAsync(b, 2, 10, 0.5, final: true);
        await bench.EndAsync(b, 3, AttemptOutcome.Completed);
        Assert.Equal("1:8* 1:10", bench.Kept(1));
    }

    [Fact]
    public async Task Rule_18_an_evaluation_counts_only_with_the_checkpoint_at_its_step()
    {
        var bench = await Bench.LaunchedAsync("trials=1");
        var a = await bench.LeaseAsync(1);
        var offer = Offers.Checkpoint(a.Job, 1, 6) with { Evaluations = [Offers.Evaluation(4, "validation", 0.9)] };
        await bench.Trial(1).ReportAsync(new Report { Attempt = 1, Sequence = 1, Offer = offer });
        Assert.Null(bench.JobRow(1).BestValue);
        await bench.Trial(1).ReportAsync(new Report { Attempt = 1, Sequence = 2, Offer = offer with { Checkpoint = null } });
        Assert.Null(bench.JobRow(1).BestValue);
        Assert.Equal(4, Assert.Single(await bench.Ledger.EvaluationsAsync(a.Job, Cancel)).Step);
        await bench.OfferAsync(a, 3, 8, 0.2);
        Assert.Equal((0.2, 8), (bench.JobRow(1).BestValue!.Value, bench.JobRow(1).BestStep!.Value));
    }

    [Fact]
    public async Task Rule_18_a_higher_attempt_supersedes()
    {
        var bench = await Bench.LaunchedAsync("trials=1");
        var a = await bench.LeaseAsync(1);
        await bench.OfferAsync(a, 1, 4, 0.5);
        await bench.OfferAsync(a, 2, 8, 0.9);
        await bench.EndAsync(a, 3, AttemptOutcome.Failed, FailureClass.Crash);
        var b = await bench.LeaseAsync(1);
        await bench.OfferAsync(b, 1, 8, 0.9);
        Assert.Equal("1:4 2:8*", bench.Kept(1));
        var evaluation = (await bench.Ledger.EvaluationsAsync(a.Job, Cancel)).Single(e => e.Step == 8);
        Assert.Equal(2, evaluation.Attempt);
    }

    [Fact]
    public async Task Rule_21_a_bad_checkpoint_does_not_count_and_the_best_falls_back_to_weights_that_exist()
    {
        var bench = await Bench.LaunchedAsync("trials=1");
        var a = await bench.LeaseAsync(1);
        await bench.OfferAsync(a, 1, 4, 0.5);
        await bench.OfferAsync(a, 2, 8, 0.9);
        await bench.EndAsync(a, 3, AttemptOutcome.Failed, FailureClass.Crash);
        var b = await bench.LeaseAsync(1);
        await BadAsync(bench, b, 1, new CheckpointName(1, 8));
        Assert.Equal("1:4*", bench.Kept(1));
        Assert.Equal((0.5, 4), (bench.JobRow(1).BestValue!.Value, bench.JobRow(1).BestStep!.Value));
        Assert.Contains(bench.Events, e => e is { Kind: "checkpoint-bad", Attempt: 2 });
        await bench.OfferAsync(b, 2, 6);
        await bench.OfferAsync(b, 3, 8, 0.9);
        Assert.Equal("2:6 2:8*", bench.Kept(1));

        // The next attempt resumes from none of the bad ones.
        await BadAsync(bench, b, 4, new CheckpointName(2, 8));
        await BadAsync(bench, b, 5, new CheckpointName(2, 6));
        Assert.Null(bench.JobRow(1).BestValue);
        await bench.EndAsync(b, 6, AttemptOutcome.Released);
        Assert.Empty((await bench.LeaseAsync(1)).Checkpoints);
    }

    [Fact]
    public async Task Rule_7_the_answer_is_read_from_the_schedulers_decision()
    {
        var bench = await Bench.LaunchedAsync("trials=1");
        var a = await bench.LeaseAsync(1);
        await bench.Ledger.CommitAsync(
            new("decide", [new DecisionRow { Sweep = Bench.SweepId, Trial = 1, Step = 4, Decision = "stop", Reason = "rung 1" }]), Cancel);
        var first = await bench.OfferAsync(a, 1, 4, 0.5);
        Assert.Equal(new ReportAnswer(false, Wanted.Stop), first);
        Assert.Equal(first, await bench.NewJob(a.Job).ReportAsync(new Report
        {
            Attempt = 1,
            Sequence = 1,
            Offer = Offers.Checkpoint(a.Job, 1, 4, 0.5),
        }));
        await bench.EndAsync(a, 2, AttemptOutcome.Released);
        Assert.Equal((JobState.Stopped, "1:4*"), (bench.JobRow(1).State, bench.Kept(1)));
    }

    [Fact]
    public async Task What_is_not_finite_is_left_out()
    {
        var bench = await Bench.LaunchedAsync("trials=1");
        var a = await bench.LeaseAsync(1);
        var offer = Offers.Checkpoint(a.Job, 1, 4, double.NaN) with { Points = [new OfferedPoint(1, double.NaN, 1, null)] };
        Assert.False((await bench.Trial(1).ReportAsync(new Report { Attempt = 1, Sequence = 1, Offer = offer })).Fenced);
        Assert.Null(bench.JobRow(1).BestValue);
        Assert.Empty(await bench.Ledger.PointsAsync(a.Job, Cancel));
    }

    private static Task<ReportAnswer> BadAsync(Bench bench, JobAssignment a, long sequence, CheckpointName name) =>
        bench.Job(a.Job).ReportAsync(new Report
        {
            Attempt = a.Attempt,
            Sequence = sequence,
            Event = new EventFrame("checkpoint-bad", "a bit is flipped", name),
        });

    private static async Task FailAsync(Bench bench, FailureClass failure)
    {
        var a = await bench.LeaseAsync(JobId.Train(Bench.SweepId, 1));
        await bench.EndAsync(a, 1, AttemptOutcome.Failed, failure, "why");
    }
}
