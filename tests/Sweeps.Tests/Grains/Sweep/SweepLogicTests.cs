using Sweeps.Abstractions;
using Sweeps.Abstractions.Trials;
using Sweeps.Core.Ids;
using Sweeps.Core.Ledger;
using Sweeps.Core.Planning;
using Sweeps.Core.States;
using Sweeps.Grains.Sweep;
using Sweeps.Storage.Memory;
using Sweeps.Tests.Grains.Support;
using Sweeps.Tests.Storage;
using Xunit;

namespace Sweeps.Tests.Grains.Sweep;

/// <summary>Protocol 2 to 6 and 13: a sweep's way from launch to its end.</summary>
public sealed class SweepLogicTests
{
    private static readonly JobId Evaluation = new(Bench.SweepId, JobKind.Evaluate, 1);
    private static readonly JobId Preflight = new(Bench.SweepId, JobKind.Preflight, 1);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_same_client_id_gets_the_same_sweep_also_after_a_lost_answer()
    {
        var bench = new Bench();
        bench.FailNext("launch", LedgerFault.LoseAnswer);
        await Assert.ThrowsAsync<OutcomeUnknownException>(() => bench.Sweep.LaunchAsync(TestPlanner.Request("trials=2")));
        var again = await bench.Sweep.LaunchAsync(TestPlanner.Request("trials=2"));
        Assert.Equal((Bench.SweepId, false, 2), (again.Sweep, again.Fresh, again.Trials));
        var refused = await new Bench().Sweep.LaunchAsync(TestPlanner.Request("wrong"));
        Assert.Equal((null, "grid.yaml:1:1: wrong"), (refused.Sweep, Assert.Single(refused.Errors)));
    }

    [Fact]
    public async Task A_passed_preflight_starts_the_trials_and_calibrates_the_estimate()
    {
        var bench = await Bench.LaunchedAsync("trials=2 preflights=1");
        Assert.Equal(Preflight, Assert.Single(bench.Ready).Job);
        Assert.False((await bench.Trial(1).LeaseAsync(bench.Request())).Granted);
        var a = await bench.LeaseAsync(Preflight);
        var offer = Offers.Checkpoint(Preflight, 1, 1) with { Checkpoint = null, StepSeconds = 0.2, PeakMemoryBytes = 5000 };
        await bench.Job(Preflight).ReportAsync(new Report { Attempt = 1, Sequence = 1, Offer = offer });
        await bench.EndAsync(a, 2, AttemptOutcome.Completed);
        await bench.Sweep.PokeAsync(1000);
        Assert.Equal((SweepState.Running, 5000L, 20.0), (bench.Row.State, bench.Row.PeakMemoryBytes, bench.Row.EstimatedTrainerSeconds!.Value));
        Assert.Equal(20, (await bench.Sweep.LiveAsync())!.SecondsLeft);
        Assert.Equal([1, 2], bench.Ready.Select(r => r.Job.Number));
    }

    [Fact]
    public void What_is_left_counts_each_trials_own_steps_and_slots_that_run()
    {
        var sweep = Rows.Sweep("s") with { State = SweepState.Running, TrialCount = 3, EstimatedTrainerSeconds = 70 };
        var facts = new SweepFacts { TotalSteps = 700 };
        JobRow Job(int number, int steps) => Rows.Job("s", number) with { State = JobState.Queued, TotalSteps = steps };
        var index = new SweepIndex();
        Add(Job(1, 100), Job(2, 300), Job(3, 300));
        Assert.Equal(70, SweepRules.SecondsLeft(sweep, facts, index, [])!.Value, 6);

        // One epoch took 20 s: three take 60 each. Slot 0 holds the next trial's lease besides its own.
        Add(
            Job(1, 100) with { State = JobState.Completed, Step = 100, Seconds = 20, Change = 4 },
            Job(2, 300) with { State = JobState.Running, Worker = "w", Slot = 0, Change = 5 },
            Job(3, 300) with { State = JobState.Leased, Worker = "w", Slot = 0, Change = 6 });
        Assert.Equal(120, SweepRules.SecondsLeft(sweep, facts, index, [])!.Value, 6);
        Add(Job(3, 300) with { State = JobState.Running, Worker = "w", Slot = 1, Step = 150, Seconds = 15, Change = 7 });
        Assert.InRange(SweepRules.SecondsLeft(sweep, facts, index, [])!.Value, 41.9, 42.1);

        void Add(params JobRow[] jobs)
        {
            foreach (var job in jobs)
            {
                index.Apply(job);
            }
        }
    }

    [Fact]
    public async Task A_failed_preflight_fails_the_sweep_and_every_job_in_one_commit()
    {
        var bench = await Bench.LaunchedAsync("trials=2 preflights=2");
        var a = await bench.LeaseAsync(Preflight);
        var other = await bench.LeaseAsync(Preflight with { Number = 2 });
        await bench.EndAsync(a, 1, AttemptOutcome.Failed, FailureClass.BadSpec, "rank 8 is too much");
        await bench.Sweep.PokeAsync(1000);
        Assert.Equal((SweepState.Failed, "the preflight failed: rank 8 is too much"), (bench.Row.State, bench.Row.Reason));
        Assert.Equal(JobState.Cancelled, bench.JobRow(1).State);
        Assert.NotNull((await bench.Ledger.AttemptsAsync(other.Job, Cancel))[0].EndedAt);
        Assert.True((await bench.EndAsync(other, 1, AttemptOutcome.Completed)).Fenced);
        Assert.Empty(bench.Ready);

        Assert.True((await bench.Sweep.RetryAsync(null)).Done);
        Assert.Equal((SweepState.Running, JobState.Queued), (bench.Row.State, bench.JobRow(2).State));
    }

    [Fact]
    public async Task Rule_5_the_winner_and_its_evaluation_job_are_one_commit_and_ties_go_to_the_lowest_number()
    {
        var bench = await Bench.LaunchedAsync("trials=3");
        await bench.CompleteAsync(3, 0.7);
        await bench.CompleteAsync(2, 0.7);
        await bench.CompleteAsync(1, 0.6);
        Assert.Equal((SweepState.Scoring, 2), (bench.Row.State, bench.Row.Winner!.Value));
        Assert.Equal(bench.Row.Change, bench.JobRow(Evaluation).Change);
        Assert.Equal(Evaluation, Assert.Single(bench.Ready).Job);

        var a = await bench.LeaseAsync(Evaluation);
        Assert.Equal("test", a.Inputs.Single(i => i.Role is "test").Role);
        Assert.Equal((10, true), (Assert.Single(a.Checkpoints).Step, a.Checkpoints[0].IsBest));
        await bench.EndAsync(a, 1, AttemptOutcome.Completed);
        Assert.Equal(JobState.Queued, bench.JobRow(Evaluation).State);
        a = await bench.LeaseAsync(Evaluation);
        var offer = Offers.Checkpoint(Evaluation, 2, 1) with { Checkpoint = null, Evaluations = [Offers.Evaluation(10, "test", 0.65)] };
        await bench.Job(Evaluation).ReportAsync(new Report { Attempt = 2, Sequence = 1, Offer = offer });
        await bench.EndAsync(a, 2, AttemptOutcome.Completed);
        await bench.Sweep.PokeAsync(1000);
        Assert.Equal((SweepState.Completed, null), (bench.Row.State, bench.Row.Reason));
    }

    [Fact]
    public async Task Rule_5_the_choice_is_derived_from_rows_by_a_fresh_activation()
    {
        var bench = await Bench.LaunchedAsync("trials=1");
        var a = await bench.LeaseAsync(1);
        await bench.OfferAsync(a, 1, 10, 0.5, final: true);
        await bench.EndAsync(a, 2, AttemptOutcome.Completed);

        // The trial's hint never came; the commit's answer is lost too, and the next activation goes on from the rows.
        bench.FailNext("score", LedgerFault.LoseAnswer);
        await Assert.ThrowsAsync<OutcomeUnknownException>(() => bench.Sweep.PokeAsync(0));
        bench.Sweep = bench.NewSweep();
        await bench.Sweep.PokeAsync(0);
        Assert.Equal(SweepState.Scoring, bench.Row.State);
        Assert.Single(await bench.Ledger.JobsAsync(Bench.SweepId, 0, Cancel), j => j.Id.Kind == JobKind.Evaluate);
    }

    [Fact]
    public async Task Rule_5_three_failures_of_the_evaluation_complete_the_sweep_with_the_reason()
    {
        var bench = await Bench.LaunchedAsync("trials=1 retries=9");
        await bench.CompleteAsync(1, 0.5);
        for (var i = 0; i < 3; i++)
        {
            bench.Time.Advance(TimeSpan.FromSeconds(10));
            await bench.EndAsync(await bench.LeaseAsync(Evaluation), 1, AttemptOutcome.Failed, FailureClass.Crash, "boom");
        }

        await bench.Sweep.PokeAsync(1000);
        Assert.Equal((SweepState.Completed, 1, "the test score is missing: boom"), (bench.Row.State, bench.Row.Winner!.Value, bench.Row.Reason));
    }

    [Fact]
    public async Task Without_a_test_split_the_sweep_completes_at_once_and_without_any_result_it_fails()
    {
        var bench = await Bench.LaunchedAsync("trials=2 test=0 retries=0 maximize=0");
        await bench.CompleteAsync(1, 0.5);
        await bench.CompleteAsync(2, 0.4);
        Assert.Equal((SweepState.Completed, 2), (bench.Row.State, bench.Row.Winner!.Value));

        bench = await Bench.LaunchedAsync("trials=2 retries=0");
        await bench.EndAsync(await bench.LeaseAsync(1), 1, AttemptOutcome.Failed, FailureClass.BadData, "torn");
        await bench.Trial(2).WishAsync(Wanted.Cancel);
        await bench.Sweep.PokeAsync(1000);
        Assert.Equal(SweepState.Failed, bench.Row.State);
        Assert.Equal("no trial has a result (1 failed, 1 cancelled); trial 1: torn", bench.Row.Reason);
        Assert.True((await bench.Sweep.RetryAsync([1])).Done);
        Assert.Equal((SweepState.Running, JobState.Queued, JobState.Cancelled), (bench.Row.State, bench.JobRow(1).State, bench.JobRow(2).State));
    }

    [Fact]
    public async Task Rule_4_a_sweep_wide_wish_writes_the_sweeps_row_only()
    {
        var bench = await Bench.LaunchedAsync("trials=3");
        var a = await bench.LeaseAsync(1);
        var rows = new List<LedgerRow>();
        bench.Ledger.Fault = c =>
        {
            rows.AddRange(c.Rows);
            return LedgerFault.None;
        };
        Assert.True((await bench.Sweep.WishAsync(Wanted.Pause)).Done);
        Assert.Empty(rows.OfType<JobRow>());
        Assert.Contains("poke s/train/1", bench.Hints);
        Assert.Empty(bench.Ready);
        Assert.Equal((SweepState.Running, Wanted.Pause), (bench.Row.State, bench.Row.Wanted));

        // Paused once nobody holds a job; queued trials stay queued.
        bench.Time.Advance(TimeSpan.FromSeconds(7));
        await bench.Trial(1).PokeAsync(null);
        await bench.OfferAsync(a, 1, 4);
        await bench.EndAsync(a, 2, AttemptOutcome.Released);
        await bench.Sweep.PokeAsync(1000);
        Assert.Equal((SweepState.Paused, 7.0, null), (bench.Row.State, bench.Row.ActiveSeconds, bench.Row.ActiveSince));
        Assert.Equal((JobState.Paused, JobState.Queued), (bench.JobRow(1).State, bench.JobRow(2).State));

        Assert.True((await bench.Sweep.WishAsync(Wanted.Run)).Done);
        Assert.Equal(SweepState.Running, bench.Row.State);
        await bench.Trial(1).PokeAsync(null);
        Assert.Equal(JobState.Queued, bench.JobRow(1).State);
    }

    [Fact]
    public async Task A_cancelled_sweep_ends_once_each_job_has_ended_by_a_commit_of_its_own_and_retry_reopens_it()
    {
        var bench = await Bench.LaunchedAsync("trials=3");
        await bench.CompleteAsync(3, 0.5);
        var a = await bench.LeaseAsync(1);
        await bench.Sweep.WishAsync(Wanted.Cancel);
        Assert.Contains("poke s/train/2", bench.Hints);
        await bench.Trial(2).PokeAsync(null);
        await bench.Sweep.PokeAsync(0);
        Assert.Equal((SweepState.Running, JobState.Cancelled), (bench.Row.State, bench.JobRow(2).State));
        Assert.False((await bench.Sweep.WishAsync(Wanted.Run)).Done);
        await bench.Trial(1).PokeAsync(null);
        await bench.EndAsync(a, 1, AttemptOutcome.Released);
        await bench.Sweep.PokeAsync(1000);
        Assert.Equal((SweepState.Cancelled, JobState.Completed), (bench.Row.State, bench.JobRow(3).State));
        Assert.True((await bench.Sweep.WishAsync(Wanted.Cancel)).Done);

        Assert.True((await bench.Sweep.RetryAsync(null)).Done);
        await bench.CompleteAsync(1, 0.1);
        await bench.CompleteAsync(2, 0.9);
        Assert.Equal((SweepState.Scoring, 2), (bench.Row.State, bench.Row.Winner!.Value));
        Assert.False((await bench.Sweep.WishAsync(Wanted.Pause)).Done);
        Assert.False((await bench.Sweep.RetryAsync(null)).Done);
    }

    [Fact]
    public async Task At_max_time_trials_checkpoint_and_stop_and_their_best_counts()
    {
        var bench = await Bench.LaunchedAsync("trials=2 max_time=10");
        var a = await bench.LeaseAsync(1);
        bench.Time.Advance(TimeSpan.FromSeconds(4));
        await bench.Sweep.WishAsync(Wanted.Pause);
        await bench.Trial(1).PokeAsync(null);
        await bench.EndAsync(a, 1, AttemptOutcome.Released);
        await bench.Sweep.PokeAsync(1000);
        bench.Time.Advance(TimeSpan.FromHours(1));
        await bench.Sweep.WishAsync(Wanted.Run);
        await bench.Trial(1).PokeAsync(null);
        a = await bench.LeaseAsync(1);
        bench.Time.Advance(TimeSpan.FromSeconds(5.5));
        await bench.Sweep.TickAsync();
        Assert.Equal(Wanted.Run, bench.Row.Wanted);
        bench.Time.Advance(TimeSpan.FromSeconds(0.5));
        await bench.Sweep.TickAsync();
        Assert.Equal(Wanted.Stop, bench.Row.Wanted);
        await bench.Trial(1).PokeAsync(null);
        await bench.Trial(2).PokeAsync(null);
        await bench.OfferAsync(a, 1, 4, 0.6);
        await bench.EndAsync(a, 2, AttemptOutcome.Released);
        await bench.Sweep.PokeAsync(1000);
        Assert.Equal((JobState.Stopped, JobState.Stopped), (bench.JobRow(1).State, bench.JobRow(2).State));
        Assert.Equal((SweepState.Scoring, 1), (bench.Row.State, bench.Row.Winner!.Value));
        Assert.Contains(bench.Events, e => e.Kind == "max-time");
        Assert.Equal(JobState.Leased, (await LeasedAsync(bench, Evaluation)).State);
    }

    [Fact]
    public async Task Rule_6_a_trials_commit_is_not_missed_when_its_hint_is_lost()
    {
        var bench = await Bench.LaunchedAsync("trials=1 test=0");
        var a = await bench.LeaseAsync(1);
        await bench.OfferAsync(a, 1, 10, 0.5, final: true);
        await bench.EndAsync(a, 2, AttemptOutcome.Completed);
        Assert.Equal(SweepState.Running, bench.Row.State);
        await bench.Sweep.PokeAsync(0);
        Assert.Equal(SweepState.Completed, bench.Row.State);
    }

    [Fact]
    public async Task Rule_13_a_pulse_pokes_each_job_that_the_rows_call_leased_or_running()
    {
        var bench = await Bench.LaunchedAsync("trials=3");
        await bench.LeaseAsync(1);
        var b = await bench.LeaseAsync(2);
        await bench.Trial(2).HeartbeatAsync(bench.Beat(b));
        bench.Hints.Clear();
        await bench.NewSweep().PokeAsync(0);
        Assert.Equal(["poke s/train/1", "poke s/train/2"], bench.Hints.Where(h => h.StartsWith("poke", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Concurrency_bounds_what_is_ready_and_suspects_of_a_silos_death_run_alone()
    {
        var bench = await Bench.LaunchedAsync("trials=4 concurrency=2");
        Assert.Equal([1, 2], bench.Ready.Select(r => r.Job.Number));
        await bench.LeaseAsync(1);
        await bench.Sweep.PokeAsync(1000);
        Assert.Equal([2], bench.Ready.Select(r => r.Job.Number));

        // Trials 1 and 2 see three silos die: they go last, and one at a time.
        await bench.LeaseAsync(2);
        for (var death = 0; death < 3; death++)
        {
            await bench.RegisterAsync("w");
            await bench.Trial(1).PokeAsync(null);
            await bench.Trial(2).PokeAsync(null);
            if (death < 2)
            {
                await bench.LeaseAsync(1);
                await bench.LeaseAsync(2);
            }
        }

        await bench.Sweep.PokeAsync(1000);
        Assert.Equal(4, bench.Hints.Count(h => h.StartsWith("front", StringComparison.Ordinal)));
        Assert.Equal([3, 4], bench.Ready.Select(r => r.Job.Number));
        await bench.CompleteAsync(3, 0.1);
        await bench.CompleteAsync(4, 0.1);
        Assert.Equal([1], bench.Ready.Select(r => r.Job.Number));
        await bench.LeaseAsync(1);
        await bench.Sweep.PokeAsync(1000);
        Assert.Empty(bench.Ready);
    }

    [Fact]
    public async Task A_wish_whose_second_commit_was_lost_is_carried_out_by_the_sweeps_poke()
    {
        var bench = await Bench.LaunchedAsync("trials=2");
        bench.FailNext("cancel", LedgerFault.FailBefore);
        await Assert.ThrowsAsync<OutcomeUnknownException>(() => bench.Trial(1).WishAsync(Wanted.Cancel));
        Assert.Equal((JobState.Queued, Wanted.Cancel), (bench.JobRow(1).State, bench.JobRow(1).Wanted));
        await bench.Sweep.PokeAsync(0);
        Assert.Contains("poke s/train/1", bench.Hints);
        Assert.Equal([2], bench.Ready.Select(r => r.Job.Number));
        await bench.Trial(1).PokeAsync(null);
        Assert.Equal(JobState.Cancelled, bench.JobRow(1).State);
    }

    [Fact]
    public async Task One_that_is_being_cancelled_is_not_told_to_be_cancelled()
    {
        var bench = await Bench.LaunchedAsync("trials=1");
        await bench.LeaseAsync(1);
        await bench.Sweep.WishAsync(Wanted.Cancel);
        var answer = await bench.Sweep.RemoveAsync();
        Assert.False(answer.Done);
        Assert.StartsWith("the sweep is being cancelled", answer.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_an_ended_sweep_is_removed()
    {
        var bench = await Bench.LaunchedAsync("trials=1 test=0");
        Assert.Contains("cancel it first", (await bench.Sweep.RemoveAsync()).Message, StringComparison.Ordinal);
        await bench.CompleteAsync(1, 0.5);
        Assert.True((await bench.Sweep.RemoveAsync()).Done);
        Assert.True(bench.Row.Removed);
        Assert.False((await new Bench().Sweep.WishAsync(Wanted.Pause)).Done);
    }

    private static async Task<JobRow> LeasedAsync(Bench bench, JobId job)
    {
        await bench.LeaseAsync(job);
        return bench.JobRow(job);
    }
}
