using Microsoft.Data.Sqlite;
using Sweeps.Core.Ledger;
using Sweeps.Core.States;
using Sweeps.Storage.Homes;
using Sweeps.Storage.Sqlite;
using Xunit;

namespace Sweeps.Tests.Storage;

/// <summary>What only a ledger on disk can do: restart, fill up, grow old.</summary>
public sealed class SqliteLedgerDurabilityTests : IDisposable
{
    private const string S = "tiny-00000001";

    private readonly TemporaryFolder _folder = new();

    private string File => _folder["ledger.db"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Change_numbers_go_on_after_a_restart()
    {
        long before;
        await using (var ledger = SqliteLedger.Open(File))
        {
            await ledger.CommitAsync(Rows.Commit(Rows.Sweep(S), Rows.Job(S, 1)), Token);
            before = (await ledger.CommitAsync(Rows.Commit(Rows.Event(S, "one")), Token)).Change;
            Assert.False((await ledger.CommitAsync(Rows.Commit(Rows.Sweep(S)), Token)).Accepted);
        }

        await using (var again = SqliteLedger.Open(File))
        {
            Assert.Equal(1, (await again.FindSweepAsync(S, Token))!.Version);
            var after = await again.CommitAsync(Rows.Commit(Rows.Event(S, "two")), Token);
            Assert.True(after.Change > before);
            Assert.Equal([1, 2], (await again.EventsAsync(S, 0, 10, Token)).Select(e => e.Number));
        }
    }

    [Fact]
    public async Task A_commit_after_the_end_is_refused_and_what_waited_is_written()
    {
        var ledger = SqliteLedger.Open(File);
        var commits = Enumerable.Range(0, 200).Select(n => ledger.CommitAsync(Rows.Commit(Rows.Worker($"w{n}")), Token)).ToList();
        await ledger.DisposeAsync();
        await ledger.DisposeAsync();

        Assert.All(await Task.WhenAll(commits), r => Assert.True(r.Accepted));
        var late = await Assert.ThrowsAsync<ObjectDisposedException>(() => ledger.CommitAsync(Rows.Commit(Rows.Worker("late")), Token));
        Assert.Contains("'test' was not written", late.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => ledger.WorkersAsync(Token));
        await using var again = SqliteLedger.Open(File);
        Assert.Equal(200, (await again.WorkersAsync(Token)).Count);
    }

    [Fact]
    public async Task A_member_that_fails_is_undone_alone()
    {
        await using var ledger = SqliteLedger.Open(File);
        var bad = new LedgerCommit("bad", [Rows.Worker("half"), Rows.Worker("broken") with { Host = null! }]);
        var answers = new List<Task<CommitResult>>();
        await SqliteLedgerTests.GroupAsync(ledger, [Rows.Commit(Rows.Worker("a")), Rows.Commit(Rows.Worker("b"))]);
        using var held = new SemaphoreSlim(0);
        using var go = new SemaphoreSlim(0);
        ledger.Writer.Passing = point =>
        {
            ledger.Writer.Passing = null;
            held.Release();
            go.Wait();
        };
        var first = ledger.CommitAsync(Rows.Commit(Rows.Worker("first")), Token);
        await held.WaitAsync(Token);
        answers.Add(ledger.CommitAsync(Rows.Commit(Rows.Worker("before")), Token));
        answers.Add(ledger.CommitAsync(bad, Token));
        answers.Add(ledger.CommitAsync(Rows.Commit(Rows.Worker("after")), Token));
        go.Release();

        Assert.True((await first).Accepted);
        Assert.True((await answers[0]).Accepted);
        await Assert.ThrowsAsync<IOException>(() => answers[1]);
        Assert.True((await answers[2]).Accepted);
        Assert.Equal(["a", "after", "b", "before", "first"], (await ledger.WorkersAsync(Token)).Select(w => w.Name));

        await Assert.ThrowsAsync<IOException>(() => ledger.CommitAsync(bad, Token));
        Assert.Null(await ledger.FindWorkerAsync("half", Token));
    }

    [Fact]
    public async Task A_group_that_dies_before_its_commit_is_rolled_back_and_the_next_one_works()
    {
        await using var ledger = SqliteLedger.Open(File);
        var first = (await ledger.CommitAsync(Rows.Commit(Rows.Worker("first")), Token)).Change;
        ledger.Writer.Passing = _ => throw new InvalidOperationException("died");
        await Assert.ThrowsAsync<InvalidOperationException>(() => ledger.CommitAsync(Rows.Commit(Rows.Worker("lost")), Token));
        ledger.Writer.Passing = null;

        Assert.Equal(first + 1, (await ledger.CommitAsync(Rows.Commit(Rows.Worker("next")), Token)).Change);
        Assert.Equal(["first", "next"], (await ledger.WorkersAsync(Token)).Select(w => w.Name));
    }

    [Fact]
    public async Task A_full_disk_writes_nothing_and_is_left_behind()
    {
        await using var ledger = SqliteLedger.Open(File);
        await ledger.CommitAsync(Rows.Commit(Rows.Worker("box")), Token);
        var row = (await ledger.FindWorkerAsync("box", Token))!;
        var large = new LedgerCommit("large", [row with { Slots = 99 }, Rows.Event(null, new string('x', 1 << 20))]);

        ledger.Writer.PageLimit = 64;
        var full = await Assert.ThrowsAsync<LedgerFullException>(() => ledger.CommitAsync(large, Token));
        Assert.Contains("is full", full.Message, StringComparison.Ordinal);
        Assert.Equal(row, await ledger.FindWorkerAsync("box", Token));
        Assert.Empty(await ledger.EventsAsync(null, 0, 10, Token));

        // In a group, only the one that has no room fails.
        var answers = new[] { Rows.Commit(Rows.Worker("one")), large, Rows.Commit(Rows.Worker("two")) }
            .Select(c => ledger.CommitAsync(c, Token)).ToList();
        Assert.True((await answers[0]).Accepted);
        await Assert.ThrowsAsync<LedgerFullException>(() => answers[1]);
        Assert.True((await answers[2]).Accepted);

        ledger.Writer.PageLimit = 0;
        Assert.True((await ledger.CommitAsync(large, Token)).Accepted);
        Assert.Equal(99, (await ledger.FindWorkerAsync("box", Token))!.Slots);
    }

    [Fact]
    public async Task Readers_do_not_wait_for_the_writer_and_see_what_was_answered()
    {
        await using var ledger = SqliteLedger.Open(File);
        await ledger.CommitAsync(Rows.Commit(Rows.Worker("answered")), Token);
        using var held = new SemaphoreSlim(0);
        using var go = new SemaphoreSlim(0);
        ledger.Writer.Passing = point =>
        {
            ledger.Writer.Passing = null;
            held.Release();
            go.Wait();
        };
        var open = ledger.CommitAsync(Rows.Commit(Rows.Worker("open")), Token);
        await held.WaitAsync(Token);

        Assert.Equal(["answered"], (await ledger.WorkersAsync(Token)).Select(w => w.Name));
        Assert.False(open.IsCompleted);
        go.Release();
        await open;
        Assert.NotNull(await ledger.FindWorkerAsync("open", Token));
    }

    [Fact]
    public async Task Ten_thousand_trials_are_launched_in_one_commit_and_a_hundred_thousand_jobs_read_in_one_query()
    {
        await using var ledger = SqliteLedger.Open(File);
        var clock = TimeProvider.System;
        const int Trials = 10_000;
        LedgerRow[] Launch(int from) =>
        [
            .. Enumerable.Range(from, Trials).Select(n => Rows.Trial(S, n)),
            .. Enumerable.Range(from, Trials).Select(n => Rows.Job(S, n)),
        ];

        await ledger.CommitAsync(Rows.Commit(Rows.Sweep(S)), Token);
        var started = clock.GetTimestamp();
        await ledger.CommitAsync(Rows.Commit(Launch(1)), Token);
        var launch = clock.GetElapsedTime(started);
        for (var n = 1; n < 10; n++)
        {
            await ledger.CommitAsync(Rows.Commit(Launch(1 + (n * Trials))), Token);
        }

        started = clock.GetTimestamp();
        var jobs = await ledger.JobsAsync(S, 0, Token);
        var index = clock.GetElapsedTime(started);
        TestContext.Current.TestOutputHelper!.WriteLine($"launch of 10,000: {launch.TotalSeconds:F2} s; 100,000 jobs: {index.TotalSeconds:F2} s");

        Assert.Equal(10 * Trials, jobs.Count);
    }

    [Fact]
    public async Task People_can_query_the_leaderboard()
    {
        await using (var ledger = SqliteLedger.Open(File))
        {
            await ledger.CommitAsync(
                Rows.Commit(
                    Rows.Sweep(S) with { Winner = 2 },
                    Rows.Trial(S, 1), Rows.Trial(S, 2), Rows.Trial(S, 3), Rows.Trial(S, 4),
                    Rows.Job(S, 1) with { State = JobState.Completed, BestValue = 0.5, BestStep = 1 },
                    Rows.Job(S, 2) with { State = JobState.Completed, BestValue = 0.9, BestStep = 1 },
                    Rows.Job(S, 3) with { State = JobState.Failed },
                    Rows.Job(S, 4) with { State = JobState.Stopped, BestValue = 0.9, BestStep = 1 },
                    Rows.Evaluation(Rows.Job(S, 2).Id, 1, 0.9)),
                Token);
        }

        using var connection = new SqliteConnection($"Data Source={File};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT rank, trial, state, macro_f1, point ->> '$.seed', chosen FROM leaderboard ORDER BY rank";
        using var reader = command.ExecuteReader();
        var rows = new List<string>();
        while (reader.Read())
        {
            rows.Add(string.Join(' ', Enumerable.Range(0, reader.FieldCount).Select(i => reader.IsDBNull(i) ? "-" : reader.GetString(i))));
        }

        Assert.Equal(["1 2 completed 0.9 2 1", "2 4 stopped - 4 0", "3 1 completed - 1 0", "4 3 failed - 3 0"], rows);
    }

    [Fact]
    public async Task A_ledger_of_a_newer_release_is_refused_and_left_alone()
    {
        await SqliteLedger.Open(File).DisposeAsync();
        Sql("INSERT INTO schema_version VALUES (7, '3.1.0', 0)");
        var bytes = System.IO.File.ReadAllBytes(File);

        var refused = Assert.Throws<HomeException>(() => SqliteLedger.Open(File));

        Assert.Contains("belongs to a newer version of Sweeps, 3.1.0 (ledger 7); this is 0.1.0 (ledger 1): upgrade", refused.Message, StringComparison.Ordinal);
        Assert.Throws<HomeException>(() => SqliteLedger.CheckVersion(File));
        Assert.Equal(bytes, System.IO.File.ReadAllBytes(File));
    }

    [Fact]
    public async Task The_file_of_another_program_is_refused()
    {
        Sql("CREATE TABLE cookies (name TEXT)");
        Assert.Contains("another program", Assert.Throws<HomeException>(() => SqliteLedger.Open(File)).Message, StringComparison.Ordinal);

        await System.IO.File.WriteAllTextAsync(_folder["text.db"], new string('?', 5_000), Token);
        Assert.Contains("is not a ledger", Assert.Throws<HomeException>(() => SqliteLedger.Open(_folder["text.db"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_ledger_and_one_that_is_no_file_are_refused_in_words()
    {
        await SqliteLedger.Open(File).DisposeAsync();
        var bytes = await System.IO.File.ReadAllBytesAsync(File, Token);
        bytes.AsSpan(100, bytes.Length - 100).Fill(0xA5);
        await System.IO.File.WriteAllBytesAsync(File, bytes, Token);
        Assert.Contains("is damaged", Assert.Throws<HomeException>(() => SqliteLedger.CheckVersion(File)).Message, StringComparison.Ordinal);
        Assert.Contains("is damaged", Assert.Throws<HomeException>(() => SqliteLedger.Open(File)).Message, StringComparison.Ordinal);

        Directory.CreateDirectory(_folder["folder.db"]);
        Assert.Contains("cannot be opened", Assert.Throws<HomeException>(() => SqliteLedger.Open(_folder["folder.db"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_wal_stays_short_under_load()
    {
        await using var ledger = SqliteLedger.Open(File);
        for (var n = 0; n < 120; n++)
        {
            await ledger.CommitAsync(
                Rows.Commit([.. Enumerable.Range(0, 500).Select(i => Rows.Event(S, $"{n}/{i} {new string('x', 2_000)}"))]), Token);
        }

        // 120 MB went through it.
        Assert.InRange(new FileInfo(File + "-wal").Length, 0, 80 << 20);
        Assert.Equal("ok", Sql("PRAGMA integrity_check"));
    }

    private string? Sql(string text)
    {
        using var connection = new SqliteConnection($"Data Source={File};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = text;
        return command.ExecuteScalar() as string;
    }
}
