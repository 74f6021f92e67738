using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.Data.Sqlite;
using Sweeps.Core.Api;
using Sweeps.Core.Homes;
using Sweeps.Core.Json;
using Sweeps.Core.States;
using Sweeps.Storage.Sqlite;
using Xunit;

namespace Sweeps.Chaos.Tests.Silo;

[Trait("Category", "Chaos")]
public sealed class SiloProcessTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_second_silo_on_a_home_says_who_holds_it()
    {
        using var home = new TemporaryHome();
        await using var first = SiloRun.Start(home.Home, more: "--stay");
        using var client = await first.ReadyAsync();
        await using var second = SiloRun.Start(home.Home);
        Assert.Equal(ExitCodes.BadHome, await second.EndAsync());
        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"another silo (pid {first.ProcessId})"), second.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", second.Error, StringComparison.Ordinal);

        // The first one goes on.
        Assert.Equal(first.ProcessId, (await SiloRun.UntilAsync<SiloStatus>(client, "/api/v1/status", _ => true)).ProcessId);
    }

    [Fact]
    public async Task A_silo_that_waits_takes_the_home_over_from_a_killed_one()
    {
        using var home = new TemporaryHome();
        await using var first = SiloRun.Start(home.Home, more: "--stay");
        using var old = await first.ReadyAsync();
        await using var second = SiloRun.Start(home.Home, more: "--stay");
        first.Signal(SiloRun.Kill);
        var clock = Stopwatch.StartNew();
        using var client = await second.ReadyAsync();
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(15), $"the home was taken over after {clock.Elapsed}");
        var workers = await SiloRun.UntilAsync<IReadOnlyList<WorkerSummary>>(client, "/api/v1/workers", _ => true);
        Assert.Equal(2, Assert.Single(workers).Incarnation);
    }

    [Fact]
    public async Task A_killed_silo_goes_on_with_its_sweep_when_started_again()
    {
        using var home = new TemporaryHome();
        LaunchReply launched;
        await using (var first = SiloRun.Start(home.Home, "--seconds 0.5 --steps 5", "--slots", "2"))
        {
            using var client = await first.ReadyAsync();
            launched = await TinySweep.LaunchAsync(client, home.Folder, 8);
            _ = await SiloRun.UntilAsync<SweepDetail>(
                client, "/api/v1/sweeps/last", d => d.Summary.Counts.GetValueOrDefault(JobState.Completed) >= 2);
            first.Signal(SiloRun.Kill);
            await first.EndAsync();
            Assert.Equal([launched.Sweep], await File.ReadAllLinesAsync(home.Home.UnfinishedFile, Token));
        }

        await using var second = SiloRun.Start(home.Home, "--seconds 0.05", "--idle", "1");
        using var again = await second.ReadyAsync();
        var ended = await SiloRun.UntilAsync<SweepDetail>(
            again, $"/api/v1/sweeps/{launched.Sweep}", d => d.Summary.State == SweepState.Completed);
        Assert.Equal(8, ended.Summary.Counts[JobState.Completed]);

        // Its last sweep has ended and nobody asks: it ends by itself, and leaves a home that says so.
        Assert.Equal(ExitCodes.Ok, await second.EndAsync());
        Assert.Empty(await File.ReadAllLinesAsync(home.Home.UnfinishedFile, Token));
        Assert.False(File.Exists(home.Home.SiloFile));
    }

    [Fact]
    public async Task SIGTERM_drains_and_ends_with_0_within_the_grace()
    {
        using var home = new TemporaryHome();
        await using var silo = SiloRun.Start(home.Home, "--seconds 30 --steps 300", "--grace", "10");
        using var client = await silo.ReadyAsync();
        await TinySweep.LaunchAsync(client, home.Folder, 2);
        _ = await SiloRun.UntilAsync<SweepDetail>(client, "/api/v1/sweeps/last", d => d.Preflight.Any(p => p.State == JobState.Running));
        var clock = Stopwatch.StartNew();
        silo.Signal(SiloRun.Terminate);
        Assert.Equal(ExitCodes.Ok, await silo.EndAsync());
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(12), $"it took {clock.Elapsed}");
        Assert.False(File.Exists(home.Home.SiloFile));
    }

    [Fact]
    public async Task A_drain_that_trainers_ignore_ends_with_the_grace()
    {
        using var home = new TemporaryHome();
        await using var silo = SiloRun.Start(home.Home, "--seconds 60 --steps 600 --fault deaf", "--grace", "4");
        using var client = await silo.ReadyAsync();
        await TinySweep.LaunchAsync(client, home.Folder, 2);
        _ = await SiloRun.UntilAsync<SweepDetail>(client, "/api/v1/sweeps/last", d => d.Preflight.Any(p => p.State == JobState.Running));
        var clock = Stopwatch.StartNew();
        silo.Signal(SiloRun.Terminate);
        Assert.Equal(ExitCodes.Ok, await silo.EndAsync());
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(6), $"it took {clock.Elapsed}");
        Assert.False(File.Exists(home.Home.SiloFile));
    }

    [Fact]
    public async Task A_killed_silo_takes_its_trainers_along_in_two_seconds()
    {
        using var home = new TemporaryHome();
        await using var silo = SiloRun.Start(home.Home, "--seconds 60 --steps 600", "--slots", "2");
        using var client = await silo.ReadyAsync();
        _ = await TinySweep.LaunchAsync(client, home.Folder, 2);
        _ = await SiloRun.UntilAsync<SweepDetail>(
            client,
            "/api/v1/sweeps/last",
            d => d.Preflight.Any(j => j.State == JobState.Running) && Directory.GetFiles(home.Home.Slots, "*.json").Length == 2);
        var trainers = Directory.EnumerateFiles(home.Home.Slots, "*.json")
            .Select(file => SweepsJson.Read<ProcessIdentity>(File.ReadAllText(file)))
            .ToList();
        Assert.Equal(2, trainers.Count);
        Assert.All(trainers, trainer => Assert.True(trainer.IsAlive()));
        silo.Signal(SiloRun.Kill);
        var clock = Stopwatch.StartNew();
        await silo.EndAsync();
        while (trainers.Exists(trainer => trainer.IsAlive()))
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(2), $"a trainer outlived its silo by {clock.Elapsed}");
            await Task.Delay(10, Token);
        }
    }

    [Fact]
    public async Task What_a_zombie_says_of_its_former_attempt_counts_for_nothing()
    {
        using var home = new TemporaryHome();

        // Each first attempt crashes; over the second one's pipe come a better result and the end of the first.
        await using var silo = SiloRun.Start(home.Home, "--seconds 1 --steps 10 --fault replay", "--slots", "1");
        using var client = await silo.ReadyAsync();
        var launched = await TinySweep.LaunchAsync(client, home.Folder, 2);
        var ended = await SiloRun.UntilAsync<SweepDetail>(
            client, $"/api/v1/sweeps/{launched.Sweep}", d => d.Summary.State == SweepState.Completed);
        Assert.All(ended.Trials, trial =>
        {
            Assert.Equal((2, JobState.Completed), (trial.Attempt, trial.State));
            Assert.InRange(trial.Best!.MacroF1!.Value, 0.5, 0.51);
        });
        var detail = await SiloRun.UntilAsync<TrialDetail>(client, $"/api/v1/sweeps/{launched.Sweep}/trials/1", _ => true);
        Assert.Equal(2, Assert.Single(detail.Evaluations).Attempt);
        Assert.Equal(["failed", "completed"], detail.Attempts.OrderBy(a => a.Number).Select(a => a.Outcome));
    }

    [Fact]
    public async Task A_shutdown_asked_for_by_the_API_is_the_same_drain()
    {
        using var home = new TemporaryHome();
        await using var silo = SiloRun.Start(home.Home, more: "--stay");
        using var client = await silo.ReadyAsync();
        using var response = await client.PostAsync(new Uri("/api/v1/shutdown", UriKind.Relative), new StringContent("""{"grace":5}"""), Token);
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.Equal(ExitCodes.Ok, await silo.EndAsync());
    }

    [Fact]
    public async Task A_port_in_use_is_said_before_the_home_is_touched()
    {
        using var home = new TemporaryHome();
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;
        await using var silo = SiloRun.Start(home.Home, more: ["--port", port.ToString(CultureInfo.InvariantCulture)]);
        Assert.Equal(ExitCodes.PortInUse, await silo.EndAsync());
        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"port {port}"), silo.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(home.Home.Root));
    }

    [Fact]
    public async Task A_ledger_of_a_newer_version_is_left_alone()
    {
        using var home = new TemporaryHome();
        Directory.CreateDirectory(home.Home.Root);
        await SqliteLedger.Open(home.Home.Ledger).DisposeAsync();
        await using (var database = new SqliteConnection($"Data Source={home.Home.Ledger};Pooling=False"))
        {
            await database.OpenAsync(Token);
            await using var command = database.CreateCommand();
            command.CommandText = "INSERT INTO schema_version (version, release, applied_at) VALUES (9999, '99.0.0', 0)";
            await command.ExecuteNonQueryAsync(Token);
        }

        await using var silo = SiloRun.Start(home.Home);
        Assert.Equal(ExitCodes.BadHome, await silo.EndAsync());
        Assert.Contains("newer version of Sweeps, 99.0.0", silo.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_home_that_cannot_be_written_is_refused()
    {
        using var home = new TemporaryHome();

        // A file where the home's parent should be: not even root can write there.
        await File.WriteAllTextAsync(home.Home.Root, "not a folder", Token);
        await using var silo = SiloRun.Start(home.Home);
        Assert.Equal(ExitCodes.BadHome, await silo.EndAsync());
        Assert.Contains("not writable", silo.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", silo.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_homes_live_side_by_side_and_do_not_open_to_each_others_token()
    {
        using var one = new TemporaryHome();
        using var two = new TemporaryHome();
        await using var first = SiloRun.Start(one.Home, more: "--stay");
        await using var second = SiloRun.Start(two.Home, more: "--stay");
        using var toFirst = await first.ReadyAsync();
        using var toSecond = await second.ReadyAsync();
        Assert.Equal(one.Home.Root, (await SiloRun.UntilAsync<SiloStatus>(toFirst, "/api/v1/status", _ => true)).Home);
        Assert.Equal(two.Home.Root, (await SiloRun.UntilAsync<SiloStatus>(toSecond, "/api/v1/status", _ => true)).Home);

        using var crossed = new HttpClient { BaseAddress = toFirst.BaseAddress };
        crossed.DefaultRequestHeaders.Authorization = toSecond.DefaultRequestHeaders.Authorization;
        using var refused = await crossed.GetAsync(new Uri("/api/v1/status", UriKind.Relative), Token);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(one.Home.TokenFile));
        }
    }

    [Theory]
    [InlineData("--listen 0.0.0.0", "authentication")]
    [InlineData("--port 70000", "0 to 65535")]
    [InlineData("--slots many", "whole number")]
    [InlineData("--colour red", "no such option")]
    [InlineData("--grace", "a value is needed")]
    public async Task Wrong_options_are_named(string options, string expected)
    {
        using var home = new TemporaryHome();
        await using var silo = SiloRun.Start(home.Home, more: options.Split(' '));
        Assert.Equal(ExitCodes.BadInput, await silo.EndAsync());
        Assert.Contains(expected, silo.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(home.Home.Root));
    }
}
