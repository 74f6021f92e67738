using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Sweeps.Core.Ledger;
using Sweeps.Storage.Objects;
using Sweeps.Storage.Sqlite;

namespace Sweeps.Chaos.Tests.Storage;

/// <summary>A process that writes and says on its standard output what was acknowledged, to be killed in the middle.</summary>
internal static class WriterProcess
{
    public const string LedgerVerb = "ledger-writer";
    public const string ObjectVerb = "object-writer";
    public const string Ack = "ack";

    /// <summary>The executable that the tests run in.</summary>
    private static string Executable => Path.ChangeExtension(typeof(WriterProcess).Assembly.Location, null);

    /// <summary>Starts a writer whose output is read by the caller.</summary>
    public static Process Start(IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        var start = new ProcessStartInfo { RedirectStandardOutput = true, UseShellExecute = false };
        var line = arguments[0] == "strace" ? arguments : [Executable, .. arguments];
        start.FileName = line[0];
        foreach (var argument in line.Skip(1))
        {
            start.ArgumentList.Add(argument == "SELF" ? Executable : argument);
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    /// <summary>
    /// Writers, each with a worker row that counts its commits and an event for each. Each acknowledged commit is a line
    /// <c>ack WRITER COUNT</c>. They go on where the ledger ends; <paramref name="count"/> 0: until killed.
    /// </summary>
    public static async Task<int> WriteLedgerAsync(string path, string writers, string count)
    {
        await using var ledger = SqliteLedger.Open(path);
        var each = int.Parse(count, CultureInfo.InvariantCulture);
        using var output = Console.OpenStandardOutput();
        var gate = new Lock();
        await Task.WhenAll(Enumerable.Range(0, int.Parse(writers, CultureInfo.InvariantCulture)).Select(WriteAsync));
        return 0;

        async Task WriteAsync(int writer)
        {
            var name = NameOf(writer);
            var version = (await ledger.FindWorkerAsync(name))?.Version ?? 0;
            for (var done = 0; each == 0 || done < each; done++)
            {
                var answer = await ledger.CommitAsync(new LedgerCommit("write", [Row(name, version), EventOf(name, version + 1)]));
                if (!answer.Accepted)
                {
                    throw new InvalidOperationException(answer.Conflict);
                }

                version++;
                Say(string.Create(CultureInfo.InvariantCulture, $"{Ack} {writer} {version}\n"));
            }
        }

        void Say(string line)
        {
            lock (gate)
            {
                output.Write(Encoding.ASCII.GetBytes(line));
                output.Flush();
            }
        }
    }

    /// <summary>Puts one object, and says so.</summary>
    public static async Task<int> WriteObjectAsync(string folder)
    {
        var store = new FolderObjectStore(folder);
        var bytes = "an object"u8.ToArray();
        var sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes));
        await store.PutAsync(new MemoryStream(bytes), sha256, bytes.Length);
        using var output = Console.OpenStandardOutput();
        output.Write(Encoding.ASCII.GetBytes($"{Ack} {sha256}\n"));
        return 0;
    }

    public static string NameOf(int writer) => string.Create(CultureInfo.InvariantCulture, $"writer-{writer}");

    private static WorkerRow Row(string name, long version) => new()
    {
        Name = name,
        Incarnation = version + 1,
        Host = "host",
        ProcessId = Environment.ProcessId,
        Slots = 1,
        RegisteredAt = 0,
        Version = version,
    };

    private static EventRow EventOf(string name, long number) => new()
    {
        At = number,
        Kind = name,
        Message = new string('.', (int)(number % 3_000)),
    };
}
