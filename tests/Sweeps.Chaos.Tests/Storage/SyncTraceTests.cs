using System.Diagnostics;
using Xunit;

namespace Sweeps.Chaos.Tests.Storage;

/// <summary>What a kill cannot show: a kill leaves the page cache, a power cut does not. The system calls tell.</summary>
[Trait("Category", "Chaos")]
public sealed class SyncTraceTests : IDisposable
{
    private static readonly Dictionary<string, string> NoFaults = [];

    private readonly string _folder = Directory.CreateTempSubdirectory("sweeps-trace-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_wal_is_synced_before_each_acknowledgement()
    {
        const int Commits = 40;
        var file = Path.Combine(_folder, "ledger.db");
        var calls = await TraceAsync(WriterProcess.LedgerVerb, file, "1", $"{Commits}");

        var acks = 0;
        var written = false;
        var unsynced = false;
        foreach (var call in calls)
        {
            if (call.Is("pwrite64", "ledger.db-wal>") && call.Begins)
            {
                written = unsynced = true;
            }
            else if ((call.Is("fdatasync", "ledger.db-wal>") || call.Is("fsync", "ledger.db-wal>")) && call.Ends)
            {
                Assert.Equal("0", call.Result);
                unsynced = false;
            }
            else if (call.Name == "write" && call.Begins && call.Text.Contains($"\"{WriterProcess.Ack} ", StringComparison.Ordinal))
            {
                acks++;
                Assert.True(written, $"acknowledgement {acks} came without a write to the WAL");
                Assert.False(unsynced, $"acknowledgement {acks} came before the sync of the WAL");
                written = false;
            }
        }

        Assert.Equal(Commits, acks);
    }

    [Fact]
    public async Task An_object_is_synced_renamed_and_its_folder_synced_before_it_counts()
    {
        var calls = await TraceAsync(WriterProcess.ObjectVerb, Path.Combine(_folder, "objects"));

        var written = calls.FindIndex(c => c.Text.Contains("an object", StringComparison.Ordinal));
        var synced = calls.FindIndex(Math.Max(written, 0), c => c.Is("fsync", "/incoming/") && c.Ends);
        var renamed = calls.FindIndex(Math.Max(synced, 0), c => c.Name.StartsWith("rename", StringComparison.Ordinal));
        var folder = calls.FindIndex(Math.Max(renamed, 0), c => c.Is("fsync", "/objects/") && c.Ends);
        var told = calls.FindIndex(Math.Max(folder, 0), c => c.Text.Contains($"\"{WriterProcess.Ack} ", StringComparison.Ordinal));

        int[] order = [written, synced, renamed, folder, told];
        Assert.DoesNotContain(-1, order);
        Assert.Equal(order.Order(), order);
        Assert.Equal(order.Length, order.Distinct().Count());
    }

    private async Task<List<SystemCall>> TraceAsync(params string[] arguments)
    {
        var trace = Path.Combine(_folder, "trace");
        Process process;
        try
        {
            process = WriterProcess.Start(
                NoFaults,
                ["strace", "-f", "-y", "-s", "48", "-e", "trace=write,pwrite64,pwritev,fsync,fdatasync,rename,renameat,renameat2", "-o", trace, "SELF", .. arguments]);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("needs strace");
            throw;
        }

        using (process)
        {
            await process.StandardOutput.ReadToEndAsync(Token);
            await process.WaitForExitAsync(Token);
            Assert.SkipWhen(!File.Exists(trace) || new FileInfo(trace).Length == 0, "needs strace (it may not trace here)");
            Assert.Equal(0, process.ExitCode);
        }

        return SystemCall.Parse(await File.ReadAllLinesAsync(trace, Token));
    }
}
