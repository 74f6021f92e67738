using Microsoft.Extensions.DependencyInjection;
using Orleans.TestingHost;
using Sweeps.Abstractions;
using Sweeps.Abstractions.Dispatch;
using Sweeps.Abstractions.Sweep;
using Sweeps.Abstractions.Trials;
using Sweeps.Abstractions.Workers;
using Sweeps.Core.Ids;
using Sweeps.Core.Ledger;
using Sweeps.Core.States;
using Sweeps.Core.Trainer;
using Sweeps.Grains;
using Sweeps.Grains.Sweep;
using Sweeps.Storage.Memory;
using Sweeps.Tests.Grains.Support;
using Xunit;

namespace Sweeps.Tests.Grains;

/// <summary>The grains on real Orleans silos, called over its wire, by a worker that trains nothing.</summary>
[Trait("Category", "Orleans")]
public sealed class ClusterTests : IAsyncLifetime
{
    private readonly InMemoryLedger _ledger = new();
    private InProcessTestCluster _cluster = null!;

    private IGrainFactory Grains => _cluster.Client;

    public async ValueTask InitializeAsync()
    {
        var builder = new InProcessTestClusterBuilder(2);
        builder.ConfigureSilo((_, silo) =>
        {
            silo.Services.AddSingleton<ILedger>(_ledger);
            silo.Services.AddSingleton<ISweepQueries>(_ledger);
            silo.Services.AddSingleton<ILaunchPlanner, TestPlanner>();
            silo.AddSweepsGrains(LeaseOptions.ForTests);
        });
        builder.ConfigureClient(client => client.Services.AddSweepsSerializer());
        _cluster = builder.Build();
        await _cluster.DeployAsync();
    }

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task A_full_disk_is_told_across_the_wire()
    {
        _ledger.Fault = commit => commit.Name == "launch" ? LedgerFault.Full : LedgerFault.None;
        var failed = await Assert.ThrowsAsync<OutcomeUnknownException>(() =>
            Grains.GetGrain<ISweepGrain>("test-full").LaunchAsync(TestPlanner.Request("trials=1", "client-full")));
        Assert.Contains("full", failed.DiskFull, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sweep_runs_to_its_test_score()
    {
        var sweep = Grains.GetGrain<ISweepGrain>("test-1");
        var launched = await sweep.LaunchAsync(TestPlanner.Request("trials=3 preflights=1 test=1"));
        Assert.Equal(new LaunchAnswer("test-1", true, 3, []), launched with { Errors = [] });
        var again = await sweep.LaunchAsync(TestPlanner.Request("trials=3 preflights=1 test=1"));
        Assert.False(again.Fresh);

        var worker = new FakeWorker(Grains, "w");
        await worker.RegisterAsync();
        await Task.WhenAll(Enumerable.Range(0, 2).Select(slot => worker.RunSlotAsync(slot, () => EndedAsync("test-1"))));

        var row = (await _ledger.FindSweepAsync("test-1", TestContext.Current.CancellationToken))!;
        Assert.Equal(SweepState.Completed, row.State);
        Assert.Equal(3, row.Winner);
        Assert.Null(row.Reason);
        var live = await sweep.LiveAsync();
        Assert.Equal(3, live.Counts[JobState.Completed]);
        Assert.Equal(0, live.SecondsLeft);
        var evaluations = await _ledger.EvaluationsAsync(
            new JobId("test-1", JobKind.Evaluate, 1), TestContext.Current.CancellationToken);
        Assert.Equal("test", Assert.Single(evaluations).Split);
    }

    [Fact]
    public async Task Wishes_refusals_and_lives_travel_over_the_wire()
    {
        var sweep = Grains.GetGrain<ISweepGrain>("test-2");
        await sweep.LaunchAsync(TestPlanner.Request("trials=2", "client-2"));
        var refused = await Grains.GetGrain<ISweepGrain>("test-3").LaunchAsync(TestPlanner.Request("wrong", "client-3"));
        Assert.Equal("grid.yaml:1:1: wrong", Assert.Single(refused.Errors));

        var worker = new FakeWorker(Grains, "w");
        await worker.RegisterAsync();
        var (job, assignment) = (await worker.LeaseAsync(0))!.Value;
        var trial = Grains.GetGrain<ITrialGrain>(job.ToString());
        Assert.False((await worker.HeartbeatAsync(job, assignment.Attempt, 0)).Fenced);

        // A wish reaches the waiting worker as a nudge, and its heartbeat as the answer.
        var nudge = Grains.GetGrain<IGpuWorkerGrain>("w").WaitForNudgeAsync(worker.Incarnation);
        Assert.True((await trial.WishAsync(Wanted.Pause)).Done);
        Assert.Contains(job, (await nudge).Jobs);
        Assert.Equal(Wanted.Pause, (await worker.HeartbeatAsync(job, assignment.Attempt, 0)).Wanted);
        Assert.Equal(worker.Incarnation, (await Grains.GetGrain<IGpuWorkerGrain>("w").RegisterAsync(worker.Registration)));

        // A new life ends the leases of the former: straight to paused, as wanted.
        var next = new FakeWorker(Grains, "w");
        await next.RegisterAsync();
        await Eventually(async () => (await _ledger.FindJobAsync(job))!.Job.State == JobState.Paused);
        Assert.True((await worker.HeartbeatAsync(job, assignment.Attempt, 0)).Fenced);
        Assert.True((await trial.ReportAsync(new Report { Attempt = assignment.Attempt, Sequence = 1 })).Fenced);
        var status = await Grains.GetGrain<IDispatcherGrain>(DispatcherPools.Default).StatusAsync();
        Assert.True(status.Ready >= 0);
        Assert.True((await sweep.WishAsync(Wanted.Cancel)).Done);
        await Eventually(() => EndedAsync("test-2"));
        Assert.True((await sweep.RetryAsync([1, 2])).Done);
        Assert.True((await sweep.WishAsync(Wanted.Cancel)).Done);
        await Eventually(() => EndedAsync("test-2"));
        Assert.True((await sweep.RemoveAsync()).Done);
    }

    [Fact]
    public async Task A_ledger_that_loses_an_answer_ends_the_activation_and_the_repeat_gets_the_same_grant()
    {
        await Grains.GetGrain<ISweepGrain>("test-4").LaunchAsync(TestPlanner.Request("trials=1", "client-4"));
        var worker = new FakeWorker(Grains, "w");
        await worker.RegisterAsync();
        var lost = 1;
        _ledger.Fault = c => c.Name == "lease" && Interlocked.Exchange(ref lost, 0) == 1 ? LedgerFault.LoseAnswer : LedgerFault.None;
        var trial = Grains.GetGrain<ITrialGrain>(JobId.Train("test-4", 1).ToString());
        var request = new LeaseRequest("w", worker.Incarnation, 0, 7, "m");
        await Assert.ThrowsAsync<OutcomeUnknownException>(() => trial.LeaseAsync(request));
        var answer = await trial.LeaseAsync(request);
        Assert.True(answer.Granted);
        Assert.Equal(1, answer.Assignment!.Attempt);
        Assert.False((await trial.LeaseAsync(request with { Request = 8 })).Granted);
    }

    [Fact]
    public async Task A_sweep_goes_on_when_a_silo_dies_with_half_of_its_grains()
    {
        await Grains.GetGrain<ISweepGrain>("test-5").LaunchAsync(TestPlanner.Request("trials=12 test=1", "client-5"));
        var worker = new FakeWorker(Grains, "w");
        await worker.RegisterAsync();
        var killed = 0;
        async Task<bool> EndedWithADeathAsync()
        {
            var done = (await _ledger.JobsAsync("test-5")).Count(j => j.State == JobState.Completed);
            if (done >= 4 && Interlocked.Exchange(ref killed, 1) == 0)
            {
                await _cluster.KillSiloAsync(_cluster.Silos[1]);
            }

            return await EndedAsync("test-5");
        }

        await Task.WhenAll(Enumerable.Range(0, 2).Select(slot => worker.RunSlotAsync(slot, EndedWithADeathAsync)));
        var row = (await _ledger.FindSweepAsync("test-5", TestContext.Current.CancellationToken))!;
        Assert.Equal((1, SweepState.Completed, 12), (killed, row.State, row.Winner!.Value));
        var attempts = await _ledger.AttemptsAsync(JobId.Train("test-5", 12), TestContext.Current.CancellationToken);
        Assert.Equal("completed", attempts[^1].Outcome);
    }

    private async Task<bool> EndedAsync(string sweep) => (await _ledger.FindSweepAsync(sweep))!.State.HasEnded();

    private static async Task Eventually(Func<Task<bool>> so)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await so())
        {
            await Task.Delay(20, timeout.Token);
        }
    }
}
