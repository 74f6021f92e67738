using Sweeps.Core.Ledger;
using Sweeps.Core.States;
using Sweeps.Core.Trainer;
using Sweeps.Tests.Worker.Fakes;

namespace Sweeps.Tests.Worker;

public sealed class SlotTests
{
    [Fact]
    public async Task A_trainer_stays_warm_on_the_same_base_and_is_replaced_for_another()
    {
        await using var bench = await WorkerBench.StartAsync();
        var first = await bench.RunAsync(WorkerBench.Job(1, baseSha: "b1"));
        first.Say(new DoneFrame("f", "b"));
        bench.Cluster.Offer(WorkerBench.Job(2, baseSha: "b1"));
        await first.StartedAsync();
        first.Say(new DoneFrame("f", "b"));
        bench.Cluster.Offer(WorkerBench.Job(3, baseSha: "b2"));
        Assert.Equal(TrainerCommand.Exit, await first.CommandAsync());
        first.Die(new Sweeps.Worker.Trainers.TrainerExit(0, false, string.Empty));
        var second = await bench.Launcher.NextAsync();
        Assert.Equal(3, (await second.StartedAsync()).Job.Number);
    }

    [Fact]
    public async Task A_trainer_is_replaced_after_its_number_of_assignments()
    {
        await using var bench = await WorkerBench.StartAsync(options => options.AssignmentsPerTrainer = 1);
        var first = await bench.RunAsync(WorkerBench.Job(1));
        first.Say(new DoneFrame("f", "b"));
        bench.Cluster.Offer(WorkerBench.Job(2));
        Assert.Equal(TrainerCommand.Exit, await first.CommandAsync());
        first.Die(new Sweeps.Worker.Trainers.TrainerExit(0, false, string.Empty));
        await (await bench.Launcher.NextAsync()).StartedAsync();
    }

    [Fact]
    public async Task A_slot_that_another_process_holds_is_quarantined_until_it_is_free()
    {
        FileStream? foreign = null;
        await using var bench = await WorkerBench.StartAsync(
            options =>
            {
                options.Slots = 2;
                options.SlotWait = TimeSpan.Zero;
                Directory.CreateDirectory(options.Home.Slots);
                foreign = new FileStream(
                    Path.Combine(options.Home.Slots, "0.lock"), FileMode.Create, FileAccess.ReadWrite, FileShare.None);
            });
        Assert.Equal(1, (await bench.Cluster.Waits.NextAsync()).Slot);
        bench.Tick(3);
        var beat = await bench.Cluster.Beats.NextAsync();
        Assert.Contains("0.lock", beat.Quarantined[0], StringComparison.Ordinal);

        await foreign!.DisposeAsync();
        var wait = await bench.MovingClockAsync(bench.Cluster.Waits.NextAsync());
        Assert.Equal(0, wait.Slot);
    }

    [Fact]
    public async Task A_short_disk_pauses_leasing_until_there_is_room()
    {
        await using var bench = await WorkerBench.StartAsync(prepare: bench => bench.Machine.Disk = 1);
        var trainer = await bench.RunAsync(WorkerBench.Job(1));
        await bench.Cluster.Waits.NextAsync();
        bench.Tick(2);
        trainer.Say(new DoneFrame("f", "b"));
        await bench.Cluster.Reports.NextAsync();
        var next = bench.Cluster.Waits.NextAsync();
        Assert.False(next.IsCompleted);
        bench.Machine.Disk = 64L << 30;
        bench.Tick(2);
        await next;
    }

    [Fact]
    public async Task A_ledger_that_is_full_pauses_leasing_and_the_report_is_repeated()
    {
        await using var bench = await WorkerBench.StartAsync(prepare: bench => bench.Cluster.OnReport = (n, _) => n == 1
            ? Task.FromException<Abstractions.Trials.ReportAnswer>(new LedgerFullException())
            : Task.FromResult(new Abstractions.Trials.ReportAnswer(false, Wanted.Run)));
        bench.Tick(1);
        var trainer = await bench.RunAsync(WorkerBench.Job(1));
        await bench.Cluster.Waits.NextAsync();
        trainer.Say(new DoneFrame("f", "b"));
        await bench.Cluster.Reports.NextAsync();
        await bench.MovingClockAsync(bench.Cluster.Reports.NextAsync());
        var next = bench.Cluster.Waits.NextAsync();
        bench.Tick(2);
        await next;
    }

    [Fact]
    public async Task Slots_wait_while_memory_has_room_for_fewer_trainers()
    {
        await using var bench = await WorkerBench.StartAsync(
            options => options.Slots = 2, bench => bench.Machine.Memory = 3L << 30);
        await bench.Cluster.Waits.NextAsync();
        await bench.Cluster.Waits.NextAsync();
        bench.Cluster.Offer(WorkerBench.Job(1, peak: 2L << 30));
        bench.Cluster.Offer(WorkerBench.Job(2, peak: 2L << 30));
        var trainers = new[] { await bench.Launcher.NextAsync(), await bench.Launcher.NextAsync() };
        await trainers[0].StartedAsync();
        await trainers[1].StartedAsync();
        bench.Tick(2);
        trainers[0].Say(new DoneFrame("f", "b"));
        await bench.Cluster.Reports.NextAsync();
        trainers[1].Say(new DoneFrame("f", "b"));
        await bench.Cluster.Reports.NextAsync();

        // One of the two may work now; the other waits until memory is back.
        await bench.Cluster.Waits.NextAsync();
        var other = bench.Cluster.Waits.NextAsync();
        Assert.False(other.IsCompleted);
        bench.Machine.Memory = 8L << 30;
        bench.Tick(2);
        await other;
    }
}
