using System.Diagnostics;
using System.Globalization;

namespace Sweeps.Chaos.Tests.Kill;

/// <summary>The silo dies, alone or with everything; a person (or <c>run</c>) starts it again and types nothing else.</summary>
public sealed class SiloKillTests(Reference reference, ITestOutputHelper output) : KillCase(reference, output)
{
    private static int Kills => Product.Full ? 10 : 3;

    [Fact]
    public async Task Under_up_the_silo_killed_at_random_moments_of_one_sweep()
    {
        var sweep = await SweepAsync();
        using var home = new TestHome();
        var id = await StartAsync(home, sweep.GemmaSpec);
        var random = new Random(11);
        List<double> back = [];
        for (var kill = 0; kill < Kills && home.Text("SELECT state FROM sweeps WHERE id = $0", id) != "completed"; kill++)
        {
            await AfterCommitsAsync(home, Product.Full ? random.Next(1, 6) : random.Next(5, 14));
            Processes.Signal(home.Silos, Processes.Kill);
            await home.UntilAsync(() => home.Trainers.Count == 0, "the trainers' end after their silo", 5);
            var clock = Stopwatch.StartNew();
            await home.UpAsync();
            await home.UntilAsync(() => Ended(home, id) || Running(home, id) >= Math.Min(2, Left(home, id)) || RunsAlone(home, id), "all trials running again", 30);
            back.Add(clock.Elapsed.TotalSeconds);
        }

        await SettleAsync(home, id, sweep.GemmaSpec, $"silo killed {back.Count} times under up; back to running in {Seconds(back)}", back.Count);
        back.Sort();

        // A figure of the clock is judged in the long form only: a busy machine must not fail a change that is right.
        Assert.True(!Product.Full || back[back.Count / 2] <= 5, $"silo restarted to all trials running: median {back[back.Count / 2]:0.0} s, the target is 5 s");
    }

    [Fact]
    public async Task Under_run_the_silo_is_restarted_by_the_watch()
    {
        var sweep = await SweepAsync();
        using var home = new TestHome();
        using var run = home.Start("run", sweep.BertSpec, "--slots", "2", "--json");
        var lines = run.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var complaints = run.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await home.UntilAsync(() => home.Rows("SELECT id FROM sweeps").Count == 1, "the launch", 60);
        var id = home.Text("SELECT id FROM sweeps")!;
        var random = new Random(12);
        var kills = 0;
        while (kills < Kills && !Ended(home, id))
        {
            await AfterCommitsAsync(home, Product.Full ? random.Next(1, 6) : random.Next(5, 14));
            var silos = home.Silos;
            Processes.Signal(silos, Processes.Kill);
            kills++;

            // The watch restarts it at most five times a minute: the sixth waits.
            await home.UntilAsync(() => Ended(home, id) || home.Silos.Except(silos).Any(), "the watch restarting the silo", 90);
        }

        await run.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(run.ExitCode == 0, $"run ended with {run.ExitCode}: {await complaints}{home.Story()}");
        Assert.Contains("\"state\":\"completed\"", (await lines).TrimEnd().Split('\n')[^1], StringComparison.Ordinal);
        await SettleAsync(home, id, sweep.BertSpec, $"silo killed {kills} times under run", kills);
    }

    [Fact]
    public async Task Silo_trainers_and_command_killed_at_once_then_up()
    {
        var sweep = await SweepAsync();
        using var home = new TestHome();
        using var run = home.Start("run", sweep.GemmaSpec, "--slots", "2", "--json");
        _ = run.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        _ = run.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await home.UntilAsync(() => home.Rows("SELECT id FROM sweeps").Count == 1, "the launch", 60);
        var id = home.Text("SELECT id FROM sweeps")!;
        await CheckpointsAsync(home, id, 3);
        run.Kill();
        Processes.Signal(home.Silos.Concat(home.Trainers), Processes.Kill);
        await home.UntilAsync(() => home.Silos.Count + home.Trainers.Count == 0, "their end", 5);

        var (_, _, error) = await home.TryAsync("version");
        Assert.Contains("1 unfinished sweep: sweeps up", error, StringComparison.Ordinal);
        await home.UpAsync();
        await SettleAsync(home, id, sweep.GemmaSpec, "silo, trainers and command killed at once, then up");
    }

    [Fact]
    public async Task A_machine_that_sleeps_goes_on_with_the_same_attempts()
    {
        var sweep = await SweepAsync();
        using var home = new TestHome();
        var id = await StartAsync(home, sweep.BertSpec);
        await CheckpointsAsync(home, id, 2);
        var all = home.Silos.Concat(home.Trainers).ToList();
        Processes.Signal(all, Processes.Stop);
        await Task.Delay(TimeSpan.FromSeconds(Product.Full ? 60 : 9), TestContext.Current.CancellationToken);
        Processes.Signal(all, Processes.Continue);
        await SettleAsync(home, id, sweep.BertSpec, $"everything frozen for {(Product.Full ? 60 : 9)} s, leases of 5 s");
        Assert.Equal(
            home.Number("SELECT count(*) FROM jobs WHERE sweep = $0", id),
            home.Number("SELECT count(*) FROM attempts WHERE sweep = $0", id));
    }

    [Fact]
    public async Task A_zombie_ends_and_cannot_report()
    {
        var sweep = await SweepAsync();
        using var home = new TestHome();
        var id = await StartAsync(home, sweep.GemmaSpec);
        await CheckpointsAsync(home, id, 2);
        var frozen = home.Trainers.Take(1).ToList();
        Processes.Signal(frozen, Processes.Stop);
        Processes.Signal(home.Silos, Processes.Kill);
        await home.UpAsync();
        await home.UntilAsync(() => home.Number("SELECT count(*) FROM attempts WHERE sweep = $0 AND number > 1", id) > 0, "attempt n+1");
        Processes.Signal(frozen, Processes.Continue);
        await home.UntilAsync(() => !frozen.Any(Processes.Alive), "the zombie's end", 5);
        await SettleAsync(home, id, sweep.GemmaSpec, "zombie: trainer frozen, silo restarted, trainer woken");
    }

    [Fact]
    public async Task A_drain_checkpoints_releases_and_exits_with_zero()
    {
        var sweep = await SweepAsync();
        using var home = new TestHome();
        var id = await StartAsync(home, sweep.GemmaSpec);
        await CheckpointsAsync(home, id, 2);
        var silo = home.Silos.Single();
        var clock = Stopwatch.StartNew();
        Processes.Signal([silo], Processes.Terminate);
        await home.UntilAsync(() => !Processes.Alive(silo), "the drain", 15);
        var drained = clock.Elapsed.TotalSeconds;
        Assert.True(drained <= 10.5, $"the drain took {drained:0.0} s, 10 s are allowed");
        Assert.Empty(home.Trainers);
        Assert.True(home.Number("SELECT count(*) FROM attempts WHERE sweep = $0 AND outcome = 'released'", id) > 0, home.Story());
        await home.UpAsync();
        await SettleAsync(home, id, sweep.GemmaSpec, string.Create(CultureInfo.InvariantCulture, $"SIGTERM: drained in {drained:0.0} s, then up"));
    }

    [Fact]
    public async Task A_poison_trial_is_quarantined_and_the_rest_finishes()
    {
        var sweep = await SweepAsync();
        using var home = new TestHome();

        // The silo dies whenever trial 2 starts: only quarantine ends that.
        home.Set("SWEEPS_CRASH_AT", "worker-start-train-2:1");
        await home.TryAsync("up", "--slots", "2");
        var (_, _, _) = await home.TryAsync("launch", sweep.BertSpec, "--slots", "2", "--id", "poison", "--json");
        await home.UntilAsync(() => home.Rows("SELECT id FROM sweeps").Count == 1, "the launch", 60);
        var id = home.Text("SELECT id FROM sweeps")!;
        for (var restart = 0; restart < 12 && !Ended(home, id); restart++)
        {
            await home.UntilAsync(() => Ended(home, id) || home.Silos.Count == 0, "the next death or the end", 180);
            if (!Ended(home, id))
            {
                await home.TryAsync("up", "--slots", "2");
            }
        }

        await home.EndedAsync(id);
        Assert.Equal("poison", home.Text("SELECT failure_class FROM jobs WHERE sweep = $0 AND kind = 'train' AND number = 2", id));
        Assert.Equal("completed", home.Text("SELECT state FROM sweeps WHERE id = $0", id));
        Assert.Equal(3, home.Number("SELECT count(*) FROM jobs WHERE sweep = $0 AND kind = 'train' AND state = 'completed'", id));
        var expected = await ExpectedAsync(sweep.BertSpec);
        Assert.Equal(
            expected.Trials.Where(t => t.Trial != 2).Select(t => t.FinalSha256),
            Outcome.Of(home, id).Trials.Where(t => t.Trial != 2).Select(t => t.FinalSha256));
        Line(home, id, "poison trial that takes the silo down: quarantined", 1);
    }

    /// <summary>Waits for so many further commits, so that a kill hits a random moment of the work, not of the clock.</summary>
    private static async Task AfterCommitsAsync(TestHome home, int commits)
    {
        var change = home.Number("SELECT change FROM change_counter");
        await home.UntilAsync(
            () => home.Number("SELECT change FROM change_counter") >= change + commits || home.Number("SELECT count(*) FROM sweeps WHERE state = 'completed'") > 0,
            $"{commits} commits",
            60);
    }

    private static bool Ended(TestHome home, string sweep) =>
        home.Text("SELECT state FROM sweeps WHERE id = $0", sweep) is "completed" or "failed" or "cancelled";

    private static long Running(TestHome home, string sweep) =>
        home.Number("SELECT count(*) FROM jobs WHERE sweep = $0 AND state = 'running'", sweep);

    /// <summary>A trial that saw three silos die without progress runs alone: nothing else is to run beside it.</summary>
    private static bool RunsAlone(TestHome home, string sweep) =>
        home.Number("SELECT count(*) FROM jobs WHERE sweep = $0 AND state = 'running' AND silo_deaths >= 3", sweep) > 0;

    private static long Left(TestHome home, string sweep) =>
        home.Number("SELECT count(*) FROM jobs WHERE sweep = $0 AND state IN ('queued', 'leased', 'running')", sweep);

    private static string Seconds(List<double> values) =>
        string.Join(", ", values.Select(v => v.ToString("0.0", CultureInfo.InvariantCulture))) + " s";
}
