using System.ComponentModel;
using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Sweeps.Core.Ledger;
using Sweeps.Storage.Sqlite;
using Xunit;

namespace Sweeps.Chaos.Tests.Storage;

/// <summary>A disk that is really full: a file system of 4 MB.</summary>
[Trait("Category", "Chaos")]
public sealed class LedgerDiskFullTests : IDisposable
{
    private readonly string _disk = Directory.CreateTempSubdirectory("sweeps-disk-").FullName;
    private bool _mounted;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string File => Path.Combine(_disk, "ledger.db");

    public void Dispose()
    {
        if (_mounted)
        {
            Run("umount", _disk);
        }

        Directory.Delete(_disk, recursive: true);
    }

    [Fact]
    public async Task A_full_disk_loses_nothing_and_work_goes_on_when_there_is_room()
    {
        _mounted = Run("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", _disk);
        Assert.SkipUnless(_mounted, "needs mount (root)");
        var ballast = Path.Combine(_disk, "ballast");
        await System.IO.File.WriteAllBytesAsync(ballast, new byte[2 << 20], Token);

        await using (var ledger = SqliteLedger.Open(File))
        {
            var acknowledged = 0;
            var full = await Assert.ThrowsAsync<LedgerFullException>(async () =>
            {
                for (; acknowledged < 10_000; acknowledged++)
                {
                    Assert.True((await ledger.CommitAsync(Write(acknowledged), Token)).Accepted);
                }
            });
            Assert.Contains("is full", full.Message, StringComparison.Ordinal);
            Assert.True(acknowledged > 10);

            // Reading goes on, nothing of the refused commit is there, and it is refused again.
            Assert.Equal(acknowledged, (await ledger.EventsAsync(null, 0, int.MaxValue, Token)).Count);
            await Assert.ThrowsAsync<LedgerFullException>(() => ledger.CommitAsync(Write(acknowledged), Token));

            System.IO.File.Delete(ballast);
            for (var more = 0; more < 20; more++)
            {
                Assert.True((await ledger.CommitAsync(Write(acknowledged + more), Token)).Accepted);
            }

            Assert.Equal(acknowledged + 20, (await ledger.EventsAsync(null, 0, int.MaxValue, Token)).Count);
        }

        using var connection = new SqliteConnection($"Data Source={File};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA integrity_check";
        Assert.Equal("ok", command.ExecuteScalar());
    }

    private static LedgerCommit Write(int number) =>
        new("write", [new EventRow { At = number, Kind = "filling", Message = new string('x', 10_000) }]);

    private static bool Run(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(
                new ProcessStartInfo(program, arguments) { RedirectStandardError = true, UseShellExecute = false })!;
            process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
