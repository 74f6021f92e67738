using System.Globalization;
using Microsoft.Data.Sqlite;
using Sweeps.Core.Ledger;
using Sweeps.Storage.Sqlite;
using Xunit;

namespace Sweeps.Chaos.Tests.Storage;

/// <summary>A process killed in mid-write: what it was told is written is written, and nothing is there by half.</summary>
[Trait("Category", "Chaos")]
public sealed class LedgerKillTests : IDisposable
{
    private const int Writers = 8;

    private readonly string _folder = Directory.CreateTempSubdirectory("sweeps-kill-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static int Kills => Environment.GetEnvironmentVariable("SWEEPS_FULL") == "1" ? 100 : 20;

    private string File => Path.Combine(_folder, "ledger.db");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task No_acknowledged_write_is_lost_when_the_writer_is_killed()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        var acknowledged = new long[Writers];
        var total = 0;
        for (var kill = 0; kill < Kills; kill++)
        {
            // A third dies right before a COMMIT, a third right after one, a third wherever it is.
            var after = 1 + random.Next(120);
            var environment = new Dictionary<string, string>();
            if (kill % 3 != 0)
            {
                environment["SWEEPS_CRASH_AT"] = $"{(kill % 3 == 1 ? "ledger-before-commit" : "ledger-after-commit")}:{1 + random.Next(60)}";
            }

            total += await WriteUntilKilledAsync(environment, after, acknowledged);
            await CheckAsync(acknowledged, $"kill {kill}, seed {seed}");
        }

        TestContext.Current.TestOutputHelper!.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"{Kills} kills, {total} acknowledged commits, none lost (seed {seed})"));
        Assert.True(total > Kills, "the writers were killed before they wrote anything");
    }

    private async Task<int> WriteUntilKilledAsync(Dictionary<string, string> environment, int after, long[] acknowledged)
    {
        using var process = WriterProcess.Start(
            environment, WriterProcess.LedgerVerb, File, Writers.ToString(CultureInfo.InvariantCulture), "0");
        var lines = 0;
        while (await process.StandardOutput.ReadLineAsync(Token) is { } line)
        {
            var parts = line.Split(' ');
            if (parts is not [WriterProcess.Ack, var writer, var number])
            {
                Assert.Fail($"the writer said '{line}'");
                continue;
            }

            acknowledged[int.Parse(writer, CultureInfo.InvariantCulture)] = long.Parse(number, CultureInfo.InvariantCulture);
            if (++lines == after && environment.Count == 0)
            {
                process.Kill();
            }
        }

        await process.WaitForExitAsync(Token);
        Assert.Equal(128 + 9, process.ExitCode);
        return lines;
    }

    private async Task CheckAsync(long[] acknowledged, string when)
    {
        Assert.Equal("ok", Integrity());
        await using var ledger = SqliteLedger.Open(File);
        var events = (await ledger.EventsAsync(null, 0, int.MaxValue, Token)).ToLookup(e => e.Kind);
        for (var writer = 0; writer < Writers; writer++)
        {
            var name = WriterProcess.NameOf(writer);
            var row = await ledger.FindWorkerAsync(name, Token);
            var stored = row?.Version ?? 0;
            Assert.True(stored >= acknowledged[writer], $"{when}: {name} was told {acknowledged[writer]}, stored is {stored}");
            Assert.Equal(stored, row?.Incarnation ?? 0);

            // Row and event of a commit are there together, once.
            Assert.Equal(Enumerable.Range(1, (int)stored).Select(n => (long)n), events[name].Select(e => e.At));
            acknowledged[writer] = stored;
        }

        var answer = await ledger.CommitAsync(
            new LedgerCommit("after", [new EventRow { At = 0, Kind = "checked", Message = when }]), Token);
        Assert.True(answer.Change > events.SelectMany(e => e).Select(e => e.Change).DefaultIfEmpty().Max());
    }

    private string? Integrity()
    {
        using var connection = new SqliteConnection($"Data Source={File};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA integrity_check";
        return command.ExecuteScalar() as string;
    }
}
