using Sweeps.Abstractions;
using Sweeps.Abstractions.Trials;
using Sweeps.Core.Ids;
using Sweeps.Core.States;
using Sweeps.Core.Trainer;
using Sweeps.Storage.Memory;
using Sweeps.Tests.Grains.Support;
using Xunit;

namespace Sweeps.Tests.Grains.Trials;

/// <summary>Protocol 10 to 15: grants, heartbeats, and how a lease ends without its holder.</summary>
public sealed class LeaseTests
{
    [Fact]
    public async Task Attempt_n_plus_1_is_committed_before_it_is_granted()
    {
        var bench = await Bench.LaunchedAsync("trials=1");
        var answer = await bench.Trial(1).LeaseAsync(bench.Request());
        Assert.Equal(1, answer.Assignment!.Attempt);
        Assert.Equal((JobState.Leased, 1), (bench.JobRow(1).State, bench.JobRow(1).Attempt));
        var attempt = Assert.Single(bench.Attempts(1));
        Assert.Equal(("w", 1L, 0, null), (attempt.Worker, attempt.Incarnation, attempt.Slot, attempt.EndedAt));

        bench = await Bench.LaunchedAsync("trials=1");
        bench.FailNext("lease", LedgerFault.FailBefore);
        await Assert.ThrowsAsync<OutcomeUnknownException>(() => bench.Trial(1).LeaseAsync(bench.Request()));
        Assert.Equal(0, bench.JobRow(1).Attempt);
    }

    [Fact]
    public async Task Rule_12_the_same_request_gets_the_same_grant_also_after_a_lost_answer()
    {
        var bench = await Bench.LaunchedAsync("trials=1");
        var request = bench.Request();
        bench.FailNext("lease", LedgerFault.LoseAnswer);
        await Assert.ThrowsAsync<OutcomeUnknownException>(() => bench.Trial(1).LeaseAsync(request));
        var first = await bench.Trial(1).LeaseAsync(request);
        var second = await bench.NewJob(JobId.Train(Bench.SweepId, 1)).LeaseAsync(request);
        Assert.Equal((true, 1), (first.Granted, first.Assignment!.Attempt));
        Assert.Equal((true, 1), (second.Granted, second.Assignment!.Attempt));
        var other = await bench.Trial(1).LeaseAsync(request with { Request = request.Request + 1 });
        Assert.False(other.Granted);
        Assert.Equal("it is Leased", other.Reason);
    }

    [Fact]
    public async Task The_assignment_names_inputs_folders_and_no_test_split()
    {
        var bench = await Bench.LaunchedAsync("trials=1");
        var first = await bench.LeaseAsync(1);
        Assert.Equal(["base/model.safetensors", "train", "validation"], first.Inputs.Select(i => i.Role));
        Assert.Equal("s/train-1/attempt-1", first.Directory);
        await bench.OfferAsync(first, 1, 4, 0.5);
        await bench.OfferAsync(first, 2, 6);
        await bench.EndAsync(first, 3, AttemptOutcome.Released);
        var second = await bench.LeaseAsync(1);
        Assert.Equal([6, 4], second.Checkpoints.Select(c => c.Step));
        Assert.Equal(["s/train-1/attempt-1"], second.FormerDirectories);
        Assert.Equal((0.5, 4), (second.BestValue!.Value, second.BestStep!.Value));
        Assert.Equal(6, bench.Attempts(1)[1].ResumedFrom);
    }

    [Fact]
    public async Task Rule_4_a_lease_checks_the_sweeps_row_in_the_same_commit()
    {
        var bench = await Bench.LaunchedAsync("trials=1");
        var row = bench.Row;
        var beaten = 1;
        bench.Ledger.Fault = c =>
        {
            if (c.Name == "lease" && Interlocked.Exchange(ref beaten, 0) == 1)
            {
                // A wish that lands between the lease's reads and its commit.
                bench.Ledger.CommitAsync(new("wish", [row with { Wanted = Wanted.Pause }])).GetAwaiter().GetResult();
            }

            return LedgerFault.None;
        };
        var answer = await bench.Trial(1).LeaseAsync(bench.Request());
        Assert.False(answer.Granted);
        Assert.Equal(0, bench.JobRow(1).Attempt);
    }

    [Fact]
    public async Task Rule_9_a_former_life_of_a_worker_gets_no_lease()
    {
        var bench = await Bench.LaunchedAsync("trials=1");
        var zombie = bench.Request();
        await bench.RegisterAsync("w");
        var answer = await bench.Trial(1).LeaseAsync(zombie);
        Assert.False(answer.Granted);
        Assert.Contains("incarnation 2", answer.Reason);
    }

    [Fact]
    public async Task The_first_heartbeat_starts_the_job_and_later_ones_write_nothing()
    {
        var bench = await Bench.LaunchedAsync("trials=1");
        var a = await bench.LeaseAsync(1);
        Assert.Equal(new HeartbeatAnswer(false, Wanted.Run), await bench.Trial(1).HeartbeatAsync(bench.Beat(a)));
        Assert.Equal(JobState.Running, bench.JobRow(1).State);
        var change = bench.Ledger.Change;
        for (var i = 0; i < 5; i++)
        {
            bench.Time.Advance(TimeSpan.FromSeconds(3));
            await bench.Trial(1).HeartbeatAsync(bench.Beat(a, new ProgressFrame { Step = i, TotalSteps = 10, Loss = 0.5 }));
        }

        Assert.Equal(change, bench.Ledger.Change);
        var live = bench.Trial(1).Live();
        Assert.Equal((4, "w/0"), (live.Progress!.Step, live.Slot));
    }

    [Fact]
    public async Task Rule_8_a_stale_activation_keeps_no_zombie_alive_for_more_than_5_s()
    {
        var bench = await Bench.LaunchedAsync("trials=1");
        var a = await bench.LeaseAsync(1);
        var beat = bench.Beat(a);
        await bench.Trial(1).HeartbeatAsync(beat);

        // Another activation loses the lease and grants attempt 2.
        var other = bench.NewJob(a.Job);
        await other.DisownAsync(1);
        Assert.True((await other.LeaseAsync(bench.Request())).Granted);
        bench.Time.Advance(TimeSpan.FromSeconds(4));
        Assert.False((await bench.Trial(1).HeartbeatAsync(beat)).Fenced);
        bench.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.True((await bench.Trial(1).HeartbeatAsync(beat)).Fenced);
    }

    [Fact]
    public async Task Rule_10_a_heartbeat_is_answered_while_a_commit_is_slow()
    {
        var ledger = new SlowLedger();
        var bench = await Bench.LaunchedAsync("trials=1");
        var a = await bench.LeaseAsync(1);
        await bench.Trial(1).HeartbeatAsync(bench.Beat(a));
        var logic = ledger.Over(bench);
        Assert.False((await logic.HeartbeatAsync(bench.Beat(a))).Fenced);
        ledger.Hold();
        var report = logic.ReportAsync(new Report { Attempt = 1, Sequence = 1, Offer = Offers.Checkpoint(a.Job, 1, 2) });
        Assert.False(report.IsCompleted);
        Assert.Equal(new HeartbeatAnswer(false, Wanted.Run), await logic.HeartbeatAsync(bench.Beat(a)));
        Assert.False(report.IsCompleted);
        ledger.Release();
        Assert.False((await report).Fenced);
    }

    [Fact]
    public async Task A_lease_runs_out_after_15_ticks_and_costs_no_retry()
    {
        var bench = await Bench.LaunchedAsync("trials=1 retries=0");
        var a = await bench.LeaseAsync(1);
        await bench.TickAsync(1, 14);
        await bench.Trial(1).HeartbeatAsync(bench.Beat(a));
        await bench.TickAsync(1, 14);
        Assert.True(bench.JobRow(1).State.IsHeld());
        await bench.TickAsync(1, 1);
        var job = bench.JobRow(1);
        Assert.Equal((JobState.Queued, 0, 0, true), (job.State, job.Failures, job.SiloDeaths, job.Front));
        Assert.Equal("lost", bench.Attempts(1)[0].Outcome);
        Assert.Equal(2, (await bench.LeaseAsync(1)).Attempt);
        Assert.True((await bench.Trial(1).HeartbeatAsync(bench.Beat(a))).Fenced);
    }

    [Fact]
    public async Task The_leases_count_starts_afresh_with_the_activation()
    {
        var bench = await Bench.LaunchedAsync("trials=1");
        await bench.LeaseAsync(1);
        await bench.TickAsync(1, 14);
        var fresh = bench.NewJob(JobId.Train(Bench.SweepId, 1));
        for (var i = 0; i < 14; i++)
        {
            bench.Time.Advance(TimeSpan.FromSeconds(1));
            await fresh.TickAsync();
        }

        Assert.True(bench.JobRow(1).State.IsHeld());
        bench.Time.Advance(TimeSpan.FromSeconds(1));
        await fresh.TickAsync();
        Assert.False(bench.JobRow(1).State.IsHeld());
    }

    [Fact]
    public async Task Rule_11_a_late_tick_counts_once_and_after_a_gap_nothing_expires_for_a_heartbeat()
    {
        var bench = await Bench.LaunchedAsync("trials=1");
        var a = await bench.LeaseAsync(1);
        await bench.TickAsync(1, 14);

        // The laptop slept for an hour: one tick, and the holder is heard before anything else happens.
        bench.Time.Advance(TimeSpan.FromHours(1));
        await bench.Trial(1).TickAsync();
        await bench.TickAsync(1, 3);
        Assert.True(bench.JobRow(1).State.IsHeld());
        Assert.False((await bench.Trial(1).HeartbeatAsync(bench.Beat(a))).Fenced);
        await bench.TickAsync(1, 14);
        Assert.Equal(1, bench.JobRow(1).Attempt);
        Assert.True(bench.JobRow(1).State.IsHeld());

        // A holder that is not heard after the gap is lost all the same.
        bench.Time.Advance(TimeSpan.FromHours(1));
        await bench.Trial(1).TickAsync();
        await bench.TickAsync(1, 4);
        Assert.False(bench.JobRow(1).State.IsHeld());
    }

    [Fact]
    public async Task Rule_12_a_disowned_grant_is_released_free_of_charge()
    {
        var bench = await Bench.LaunchedAsync("trials=1 retries=0");
        await bench.LeaseAsync(1);
        await bench.Trial(1).DisownAsync(2);
        Assert.True(bench.JobRow(1).State.IsHeld());
        await bench.Trial(1).DisownAsync(1);
        Assert.Equal((JobState.Queued, 0), (bench.JobRow(1).State, bench.JobRow(1).Failures));
        Assert.Equal("released", bench.Attempts(1)[0].Outcome);
    }

    [Fact]
    public async Task A_lease_ends_early_when_its_worker_registers_anew_told_or_not()
    {
        var bench = await Bench.LaunchedAsync("trials=2");
        await bench.LeaseAsync(1);
        await bench.LeaseAsync(2);
        await bench.RegisterAsync("w");
        Assert.Contains("ended s/train/1 w#1", bench.Hints);
        await bench.Trial(1).PokeAsync(new WorkerLife("w", 1));
        Assert.Equal((JobState.Queued, 1), (bench.JobRow(1).State, bench.JobRow(1).SiloDeaths));

        // Rule 13: the hint is lost, a pulse's poke compares the rows.
        await bench.Trial(2).PokeAsync(null);
        Assert.Equal((JobState.Queued, 1), (bench.JobRow(2).State, bench.JobRow(2).SiloDeaths));

        // The new life's lease is not ended by news of the old one.
        await bench.LeaseAsync(1);
        await bench.Trial(1).PokeAsync(new WorkerLife("w", 1));
        Assert.True(bench.JobRow(1).State.IsHeld());
    }

    [Fact]
    public async Task Rule_14_five_silo_deaths_in_a_row_without_progress_quarantine_and_progress_starts_afresh()
    {
        var bench = await Bench.LaunchedAsync("trials=1 retries=0");
        for (var death = 1; death <= 4; death++)
        {
            await DieAsync(bench, await bench.LeaseAsync(1));
        }

        var a = await bench.LeaseAsync(1);
        await bench.OfferAsync(a, 1, 2);
        Assert.Equal(0, bench.JobRow(1).SiloDeaths);
        await DieAsync(bench, a);
        for (var death = 2; death <= 5; death++)
        {
            Assert.Equal(JobState.Queued, bench.JobRow(1).State);
            await DieAsync(bench, await bench.LeaseAsync(1));
        }

        var job = bench.JobRow(1);
        Assert.Equal((JobState.Failed, FailureClass.Poison, 0), (job.State, job.FailureClass!.Value, job.Failures));
        Assert.Contains(bench.Events, e => e.Kind == "quarantined");
        Assert.Equal(1, (await bench.Ledger.FailuresByClassAsync(TestContext.Current.CancellationToken))["poison"]);
    }

    [Fact]
    public async Task Recovery_seconds_run_from_the_former_attempts_end_to_the_first_new_step()
    {
        var bench = await Bench.LaunchedAsync("trials=1");
        var a = await bench.LeaseAsync(1);
        await bench.OfferAsync(a, 1, 4);
        await bench.EndAsync(a, 2, AttemptOutcome.Failed, FailureClass.Crash);
        bench.Time.Advance(TimeSpan.FromSeconds(1));
        var b = await bench.LeaseAsync(1);
        bench.Time.Advance(TimeSpan.FromSeconds(1));
        await bench.Trial(1).HeartbeatAsync(bench.Beat(b, new ProgressFrame { Step = 4, ResumedFrom = 4, TotalSteps = 10 }));
        Assert.Null(bench.Attempts(1)[1].RecoverySeconds);
        bench.Time.Advance(TimeSpan.FromSeconds(0.5));

        // Also by an activation that did not see the former attempt end.
        await bench.NewJob(a.Job).HeartbeatAsync(bench.Beat(b, new ProgressFrame { Step = 5, ResumedFrom = 4, TotalSteps = 10 }));
        Assert.Equal(2.5, bench.Attempts(1)[1].RecoverySeconds);
        Assert.Null(bench.Attempts(1)[0].RecoverySeconds);
    }

    private static async Task DieAsync(Bench bench, JobAssignment a)
    {
        var life = bench.JobRow(a.Job);
        await bench.RegisterAsync("w");
        await bench.Job(a.Job).PokeAsync(new WorkerLife("w", life.Incarnation));
    }
}
