using Microsoft.Data.Sqlite;
using Sweeps.Core.Ids;

namespace Sweeps.Storage.Sqlite;

/// <summary>A connection with its prepared statements, each prepared once. Used by one thread at a time.</summary>
internal sealed class Statements(SqliteConnection connection) : IDisposable
{
    /// <summary>How a NaN is stored: SQLite would make NULL of it.</summary>
    public const string NotANumber = "NaN";

    private readonly Dictionary<string, SqliteCommand> _prepared = new(StringComparer.Ordinal);

    /// <summary>The connection.</summary>
    public SqliteConnection Connection => connection;

    /// <summary>Whether a transaction is open (a full disk may have ended it).</summary>
    public bool InTransaction => SQLitePCL.raw.sqlite3_get_autocommit(connection.Handle) == 0;

    /// <summary>The statement, with whatever it was bound to before.</summary>
    public SqliteCommand Get(string sql)
    {
        if (!_prepared.TryGetValue(sql, out var command))
        {
            command = connection.CreateCommand();
            command.CommandText = sql;
            _prepared.Add(sql, command);
        }

        return command;
    }

    /// <summary>Runs a statement and says how many rows it changed.</summary>
    public int Execute(string sql, params ReadOnlySpan<(string Name, object? Value)> values) =>
        Bound(sql, values).ExecuteNonQuery();

    /// <summary>Reads the rows of a query.</summary>
    public List<T> Query<T>(string sql, Func<RowReader, T> read, params ReadOnlySpan<(string Name, object? Value)> values)
    {
        using var reader = Bound(sql, values).ExecuteReader();
        var rows = new RowReader(reader);
        var found = new List<T>();
        while (rows.Move())
        {
            found.Add(read(rows));
        }

        return found;
    }

    /// <summary>Reads the first row of a query; null when there is none.</summary>
    public T? First<T>(string sql, Func<RowReader, T> read, params ReadOnlySpan<(string Name, object? Value)> values)
        where T : class
    {
        using var reader = Bound(sql, values).ExecuteReader();
        var rows = new RowReader(reader);
        return rows.Move() ? read(rows) : null;
    }

    /// <summary>Reads a number; 0 when there is no row.</summary>
    public long Number(string sql, params ReadOnlySpan<(string Name, object? Value)> values) =>
        Bound(sql, values).ExecuteScalar() is long number ? number : 0;

    /// <summary>
    /// Sets the parameter at a position. A command's parameters are always set in the same order, so the name is only
    /// looked at the first time.
    /// </summary>
    public static void Bind(SqliteCommand command, int position, string name, object? value)
    {
        var stored = value switch
        {
            null => DBNull.Value,
            double.NaN => NotANumber,
            _ => value,
        };
        if (position == command.Parameters.Count)
        {
            command.Parameters.Add(new SqliteParameter("$" + name, stored));
        }
        else
        {
            command.Parameters[position].Value = stored;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var command in _prepared.Values)
        {
            command.Dispose();
        }

        _prepared.Clear();
        connection.Dispose();
    }

    /// <summary>The parameters of a job's key in a table of a job's rows.</summary>
    public static (string Name, object? Value)[] Key(JobId job) =>
        [("sweep", job.Sweep), ("job_kind", Words<JobKind>.Of(job.Kind)), ("job_number", job.Number)];

    private SqliteCommand Bound(string sql, ReadOnlySpan<(string Name, object? Value)> values)
    {
        var command = Get(sql);
        for (var i = 0; i < values.Length; i++)
        {
            Bind(command, i, values[i].Name, values[i].Value);
        }

        return command;
    }
}
