using Sweeps.Abstractions;
using Sweeps.Abstractions.Workers;
using Sweeps.Core.Ids;
using Sweeps.Storage.Memory;
using Sweeps.Tests.Grains.Support;
using Xunit;

namespace Sweeps.Tests.Grains.Workers;

/// <summary>Protocol 9, 12 and 15: incarnations, beats, lost grants.</summary>
public sealed class WorkerLogicTests
{
    private static readonly JobId Job = JobId.Train(Bench.SweepId, 1);

    [Fact]
    public async Task Rule_9_a_registration_raises_the_incarnation_and_the_same_token_gets_the_same()
    {
        var bench = new Bench();
        Assert.Equal(1, await bench.RegisterAsync("w", "t1"));
        Assert.Equal(1, await bench.RegisterAsync("w", "t1"));
        Assert.Equal(2, await bench.RegisterAsync("w", "t2"));
        Assert.Equal(1, await bench.RegisterAsync("v", "t2"));
        bench.FailNext("register", LedgerFault.LoseAnswer);
        await Assert.ThrowsAsync<OutcomeUnknownException>(() => bench.RegisterAsync("w", "t3"));
        Assert.True(await bench.RegisterAsync("w", "t3") >= 3);
    }

    [Fact]
    public async Task A_beat_of_a_former_life_is_told_so()
    {
        var bench = new Bench();
        await bench.RegisterAsync("w");
        await bench.RegisterAsync("w");
        Assert.False((await bench.Worker("w").BeatAsync(Beat(1))).Current);
        Assert.True((await bench.Worker("w").BeatAsync(Beat(2))).Current);
    }

    [Fact]
    public async Task Rule_12_a_grant_missing_from_two_beats_in_a_row_is_disowned()
    {
        var bench = new Bench();
        await bench.RegisterAsync("w");
        var worker = bench.Worker("w");
        worker.Granted(new HeldJob(Job, 1, 0), 1);
        await worker.BeatAsync(Beat(1));
        Assert.Empty(bench.Hints);
        await worker.BeatAsync(Beat(1, new HeldJob(Job, 1, 0)));
        await worker.BeatAsync(Beat(1));
        Assert.Empty(bench.Hints);
        await worker.BeatAsync(Beat(1));
        Assert.Equal([$"disown {Job} 1"], bench.Hints);
        await worker.BeatAsync(Beat(1));
        Assert.Single(bench.Hints);
    }

    [Fact]
    public async Task A_worker_that_stops_beating_is_noticed()
    {
        var bench = new Bench();
        await bench.RegisterAsync("w");
        var worker = bench.Worker("w");
        Assert.Null(worker.Live());
        await worker.BeatAsync(Beat(1, new HeldJob(Job, 1, 0)));
        Assert.Single(worker.Live()!.Held);
        for (var i = 0; i < 15; i++)
        {
            Assert.NotNull(worker.Live());
            worker.Tick();
        }

        Assert.Null(worker.Live());
        await worker.BeatAsync(Beat(1));
        Assert.NotNull(worker.Live());
    }

    [Fact]
    public async Task A_nudge_reaches_the_waiting_worker_and_waits_for_one_that_is_not()
    {
        var bench = new Bench();
        await bench.RegisterAsync("w");
        var worker = bench.Worker("w");
        var waiting = worker.WaitForNudgeAsync(1);
        worker.Nudge(Job, 2);
        Assert.False(waiting.IsCompleted);
        worker.Nudge(Job, 1);
        Assert.Equal([Job], (await waiting).Jobs);
        worker.Nudge(Job, 1);
        Assert.Equal([Job], (await worker.WaitForNudgeAsync(1)).Jobs);
        Assert.Empty((await worker.WaitForNudgeAsync(7)).Jobs);

        waiting = worker.WaitForNudgeAsync(1);
        bench.Time.Advance(TimeSpan.FromSeconds(10));
        worker.Tick();
        Assert.Empty((await waiting).Jobs);
    }

    [Fact]
    public async Task A_dead_silo_ends_the_leases_of_its_worker()
    {
        var bench = await Bench.LaunchedAsync("trials=2");
        await bench.LeaseAsync(1);
        bench.Hints.Clear();
        await bench.Worker("w").SiloDiedAsync();
        Assert.Equal([$"ended {Job} w#1"], bench.Hints);
    }

    private static WorkerBeat Beat(long incarnation, params HeldJob[] held) => new(incarnation, held, new Dictionary<int, string>());
}
