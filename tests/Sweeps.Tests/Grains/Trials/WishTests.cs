using Sweeps.Abstractions.Trials;
using Sweeps.Core.States;
using Sweeps.Storage.Memory;
using Sweeps.Tests.Grains.Support;
using Xunit;

namespace Sweeps.Tests.Grains.Trials;

/// <summary>Protocol 2 to 4: what is wanted and what is so.</summary>
public sealed class WishTests
{
    [Fact]
    public async Task A_queued_trial_is_paused_resumed_and_cancelled_at_once()
    {
        var bench = await Bench.LaunchedAsync("trials=1");
        var trial = bench.Trial(1);
        await trial.WishAsync(Wanted.Pause);
        Assert.Equal(JobState.Paused, bench.JobRow(1).State);
        Assert.True((await trial.WishAsync(Wanted.Pause)).Done);
        await trial.WishAsync(Wanted.Run);
        Assert.Equal((JobState.Queued, Wanted.Run), (bench.JobRow(1).State, bench.JobRow(1).Wanted));
        await trial.WishAsync(Wanted.Cancel);
        Assert.Equal(JobState.Cancelled, bench.JobRow(1).State);
        Assert.True((await trial.WishAsync(Wanted.Cancel)).Done);
        Assert.False((await trial.WishAsync(Wanted.Run)).Done);
    }

    [Fact]
    public async Task A_cancellation_is_not_taken_back()
    {
        var bench = await Bench.LaunchedAsync("trials=1");
        await bench.LeaseAsync(1);
        await bench.Trial(1).WishAsync(Wanted.Cancel);
        Assert.False((await bench.Trial(1).WishAsync(Wanted.Run)).Done);
        Assert.Equal(Wanted.Cancel, bench.JobRow(1).Wanted);
    }

    [Fact]
    public async Task The_stronger_of_both_wishes_holds()
    {
        var bench = await Bench.LaunchedAsync("trials=1");
        var a = await bench.LeaseAsync(1);
        await bench.Trial(1).WishAsync(Wanted.Pause);
        await bench.Sweep.WishAsync(Wanted.Cancel);
        await bench.Trial(1).PokeAsync(null);
        Assert.Equal(Wanted.Cancel, (await bench.Trial(1).HeartbeatAsync(bench.Beat(a))).Wanted);
        Assert.Equal(Wanted.Pause, bench.JobRow(1).Wanted);
    }

    [Fact]
    public async Task Retry_queues_failed_and_cancelled_trials_with_their_counts_afresh()
    {
        var bench = await Bench.LaunchedAsync("trials=2 retries=0");
        var a = await bench.LeaseAsync(1);
        await bench.EndAsync(a, 1, AttemptOutcome.Failed, FailureClass.BadData, "torn");
        Assert.True((await bench.Trial(1).RetryAsync()).Done);
        var job = bench.JobRow(1);
        Assert.Equal((JobState.Queued, 0, null, null), (job.State, job.Failures, job.FailureClass, job.Message));
        Assert.True((await bench.Trial(1).RetryAsync()).Done);
        await bench.CompleteAsync(2, 0.5);
        Assert.False((await bench.Trial(2).RetryAsync()).Done);
    }

    [Fact]
    public async Task A_retry_is_refused_once_the_sweep_is_scored()
    {
        var bench = await Bench.LaunchedAsync("trials=2 test=0");
        await bench.Trial(1).WishAsync(Wanted.Cancel);
        await bench.CompleteAsync(2, 0.5);
        Assert.Equal(SweepState.Completed, bench.Row.State);
        Assert.False((await bench.Trial(1).RetryAsync()).Done);
        var answer = await bench.Sweep.RetryAsync([1]);
        Assert.False(answer.Done);
        Assert.Contains("clone", answer.Message);
    }

    [Fact]
    public async Task A_choice_of_the_winner_drawn_up_without_a_retried_trial_is_refused()
    {
        var bench = await Bench.LaunchedAsync("trials=2 test=0");
        await bench.Trial(1).WishAsync(Wanted.Cancel);
        var a = await bench.LeaseAsync(2);
        await bench.OfferAsync(a, 1, 10, 0.5, final: true);
        await bench.EndAsync(a, 2, AttemptOutcome.Completed);
        var retried = 1;
        bench.Ledger.Fault = c =>
        {
            if (c.Name == "complete" && Interlocked.Exchange(ref retried, 0) == 1)
            {
                Assert.True(bench.Trial(1).RetryAsync().GetAwaiter().GetResult().Done);
            }

            return LedgerFault.None;
        };
        await bench.Sweep.PokeAsync(0);
        Assert.Equal(0, retried);
        Assert.Equal((SweepState.Running, JobState.Queued), (bench.Row.State, bench.JobRow(1).State));
    }
}
