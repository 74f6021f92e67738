using Microsoft.Data.Sqlite;
using Sweeps.Core.Ledger;
using Sweeps.Storage.Sqlite;
using Xunit;

namespace Sweeps.Tests.Storage;

/// <summary>Homes written by released versions open in this one, with everything in them.</summary>
public sealed class ReleasedHomeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Releases =>
        [.. Directory.EnumerateDirectories(Fixtures, "home-*").Select(d => Path.GetFileName(d)!).Order(StringComparer.Ordinal)];

    private static string Fixtures => Path.Combine(AppContext.BaseDirectory, "Storage", "Fixtures");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_first_release_has_its_home() => Assert.Contains("home-0.1.0", Releases.Select(r => (string)r.Data));

    [Theory]
    [MemberData(nameof(Releases))]
    public async Task The_home_of_a_release_opens(string release)
    {
        var file = _folder["ledger.db"];
        File.Copy(Path.Combine(Fixtures, release, "ledger.db"), file);
        Assert.InRange(new FileInfo(file).Length, 1, 200 << 10);

        await using (var ledger = SqliteLedger.Open(file))
        {
            await CheckAsync(ledger);
            Assert.True((await ledger.CommitAsync(Rows.Commit(Rows.Event(FinishedSweep.Id, "opened again")), Token)).Change > 3);
        }

        using var connection = new SqliteConnection($"Data Source={file};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA integrity_check";
        Assert.Equal("ok", command.ExecuteScalar());
        command.CommandText = "SELECT group_concat(trial || ' ' || state, ', ') FROM (SELECT * FROM leaderboard ORDER BY rank)";
        Assert.Equal("2 completed, 1 failed", command.ExecuteScalar());
    }

    /// <summary>Writes this release's fixture. Run it once, right before a release: <c>dotnet test --explicit only</c>.</summary>
    [Fact(Explicit = true)]
    public async Task Write_the_home_of_this_release()
    {
        var folder = Directory.CreateDirectory(
            Path.Combine(Environment.GetEnvironmentVariable("SWEEPS_FIXTURES") ?? _folder.Path, $"home-{Schema.Release}")).FullName;
        var file = Path.Combine(folder, "ledger.db");
        await using (var ledger = SqliteLedger.Open(file))
        {
            foreach (var commit in FinishedSweep.Commits)
            {
                Assert.True((await ledger.CommitAsync(commit, Token)).Accepted);
            }

            await CheckAsync(ledger);
        }

        Assert.InRange(new FileInfo(file).Length, 1, 200 << 10);
    }

    private static async Task CheckAsync(SqliteLedger ledger)
    {
        const string Id = FinishedSweep.Id;
        Same([FinishedSweep.Sweep], await ledger.SweepsAsync(Token));
        Same([FinishedSweep.Input], await ledger.InputsAsync(Id, Token));
        Same(FinishedSweep.Jobs.OrderBy(j => j.Id), await ledger.JobsAsync(Id, 0, Token));
        Same([Rows.Trial(Id, 1), Rows.Trial(Id, 2)], (await ledger.TrialsAsync(Id, Token)).Select(v => v.Trial));
        Same([FinishedSweep.Worker], await ledger.WorkersAsync(Token));
        Same(FinishedSweep.Attempts.Skip(1), await ledger.AttemptsAsync(FinishedSweep.Second, Token));
        Same(FinishedSweep.Checkpoints, await ledger.CheckpointsAsync(Id, Token));
        Same(FinishedSweep.Evaluations, await ledger.EvaluationsAsync(FinishedSweep.Second, Token));
        Same([FinishedSweep.Superseded], await ledger.EvaluationHistoryAsync(FinishedSweep.Second, Token));
        Same([FinishedSweep.Test], await ledger.EvaluationsAsync(FinishedSweep.Score, Token));
        Same(FinishedSweep.Points, await ledger.PointsAsync(FinishedSweep.Second, Token));
        Same([FinishedSweep.Decision], [(await ledger.FindDecisionAsync(Id, 2, 20, Token))!]);
        Same([FinishedSweep.Ended with { Number = 1 }], await ledger.EventsAsync(Id, 0, 10, Token));
        Assert.Equal(1, (await ledger.FailuresByClassAsync(Token))["non-finite-loss"]);
    }

    private static void Same<T>(IEnumerable<T> expected, IEnumerable<T> stored)
        where T : LedgerRow =>
        Assert.Equal(expected, stored.Select(r =>
        {
            Assert.True(r.Change > 0);
            return Unmarked(r);
        }));

    /// <summary>The row without what the ledger sets.</summary>
    private static T Unmarked<T>(T row)
        where T : LedgerRow => (T)(row switch
        {
            VersionedRow versioned => (LedgerRow)(versioned with { Change = 0, Version = 0 }),
            _ => row with { Change = 0 },
        });
}
