using System.Diagnostics;
using System.Text.Json;
using Microsoft.Data.Sqlite;

namespace Sweeps.Chaos.Tests.Kill;

/// <summary>A home of its own, the processes in it, and its ledger read with plain SQL, as people read it.</summary>
internal sealed class TestHome : IDisposable
{
    private readonly Dictionary<string, string> _environment;

    public TestHome(string? root = null, IEnumerable<(string Name, string Value)>? environment = null)
    {
        Root = root ?? Directory.CreateTempSubdirectory("sweeps-kill-").FullName;
        _environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            // Leases of 5 s, so that a lost one is noticed within a test's patience.
            ["SWEEPS_LEASE_SECONDS"] = "5",
        };
        foreach (var (name, value) in environment ?? [])
        {
            _environment[name] = value;
        }
    }

    public string Root { get; }

    public IReadOnlyList<int> Silos => Processes.Of(Root, "Sweeps.Silo.dll");

    public IReadOnlyList<int> Trainers => Processes.Of(Root, "Sweeps.Trainer.dll");

    public void Set(string name, string? value)
    {
        if (value is null)
        {
            _environment.Remove(name);
        }
        else
        {
            _environment[name] = value;
        }
    }

    /// <summary>Starts a command of <c>sweeps</c> and returns at once.</summary>
    public Process Start(params IEnumerable<string> arguments) =>
        Process.Start(Product.Command(_environment, [.. arguments, "--home", Root])) ?? throw new InvalidOperationException("not started");

    /// <summary>Runs a command of <c>sweeps</c> to its end and returns what it printed.</summary>
    public async Task<string> RunAsync(params IEnumerable<string> arguments)
    {
        var (code, output, error) = await TryAsync(arguments);
        return code == 0 ? output : throw new InvalidOperationException($"sweeps {string.Join(' ', arguments)} ended with {code}: {error}{output}{SiloLog()}");
    }

    /// <summary>Runs a command of <c>sweeps</c> to its end.</summary>
    public async Task<(int Code, string Output, string Error)> TryAsync(params IEnumerable<string> arguments)
    {
        using var process = Start(arguments);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output, await error);
    }

    public Task UpAsync() => RunAsync("up", "--slots", "2");

    /// <summary>Launches a spec and returns the sweep's id.</summary>
    public async Task<string> LaunchAsync(string specPath)
    {
        var output = await RunAsync("launch", specPath, "--slots", "2", "--json");
        using var json = JsonDocument.Parse(output.Split('\n').First(l => l.Contains("\"sweep\"", StringComparison.Ordinal)));
        return json.RootElement.GetProperty("sweep").GetString()!;
    }

    /// <summary>Waits until the condition holds; looks again every 20 ms, since what is watched is another process.</summary>
    public async Task UntilAsync(Func<bool> condition, string what, int seconds = 120)
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            if (clock.Elapsed.TotalSeconds > seconds)
            {
                throw new TimeoutException($"not within {seconds} s: {what}{Environment.NewLine}{Story()}{SiloLog()}");
            }

            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    public Task EndedAsync(string sweep, int seconds = 240) =>
        UntilAsync(() => Text("SELECT state FROM sweeps WHERE id = $0", sweep) is "completed" or "failed" or "cancelled", $"the end of {sweep}", seconds);

    public string? Text(string sql, params object[] values) => Scalar(sql, values)?.ToString();

    public long Number(string sql, params object[] values) => Scalar(sql, values) is { } v and not DBNull ? Convert.ToInt64(v, System.Globalization.CultureInfo.InvariantCulture) : 0;

    public IReadOnlyList<IReadOnlyList<object>> Rows(string sql, params object[] values)
    {
        if (!File.Exists(Path.Combine(Root, "ledger.db")))
        {
            return [];
        }

        using var connection = Open();
        using var command = Prepare(connection, sql, values);
        try
        {
            using var reader = command.ExecuteReader();
            List<IReadOnlyList<object>> rows = [];
            while (reader.Read())
            {
                var row = new object[reader.FieldCount];
                reader.GetValues(row);
                rows.Add(row);
            }

            return rows;
        }
        catch (SqliteException e) when (e.SqliteErrorCode is 5 or 14 || e.Message.Contains("no such table", StringComparison.Ordinal))
        {
            // The schema is not there yet, or the file is being recovered.
            return [];
        }
    }

    /// <summary>The events, for the message of a failed test.</summary>
    public string Story() =>
        string.Join(Environment.NewLine, Rows("SELECT at, kind, coalesce(job_kind || ' ' || job_number, ''), coalesce(attempt, 0), message FROM events ORDER BY number").Select(r => string.Join("  ", r)).TakeLast(60));

    public void Dispose()
    {
        var mine = Silos.Concat(Trainers).Concat(Processes.Of(Root, "sweeps.dll")).ToList();
        Processes.Signal(mine, Processes.Kill);
        var clock = Stopwatch.StartNew();
        while (mine.Any(Processes.Alive) && clock.Elapsed.TotalSeconds < 5)
        {
            Thread.Yield();
        }

        SqliteConnection.ClearAllPools();
        try
        {
            Directory.Delete(Root, recursive: true);
        }
        catch (IOException)
        {
            // A mount point, or a process that is still ending: the temporary folder's owner cleans up.
        }
    }

    private object? Scalar(string sql, object[] values) => Rows(sql, values) is [[var first, ..], ..] ? first : null;

    private SqliteConnection Open()
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = Path.Combine(Root, "ledger.db"),
            Mode = SqliteOpenMode.ReadOnly,
            Pooling = false,
        }.ToString());
        try
        {
            connection.Open();
        }
        catch (SqliteException)
        {
            connection.Dispose();
            throw;
        }

        return connection;
    }

    private static SqliteCommand Prepare(SqliteConnection connection, string sql, object[] values)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        for (var i = 0; i < values.Length; i++)
        {
            command.Parameters.AddWithValue($"${i}", values[i]);
        }

        return command;
    }

    private string SiloLog()
    {
        var log = Path.Combine(Root, "logs", "silo.log");
        return File.Exists(log) ? $"{Environment.NewLine}silo.log:{Environment.NewLine}{string.Join(Environment.NewLine, File.ReadLines(log).TakeLast(40))}" : string.Empty;
    }
}
