using Microsoft.Data.Sqlite;
using Sweeps.Core.Ids;
using static SQLitePCL.raw;

namespace Sweeps.Storage.Sqlite;

/// <summary>
/// Reads a result row column by column, from left to right. It asks SQLite directly: 100,000 jobs have 3.4 million
/// columns, and the checks of the ADO.NET reader on each would double the time of a sweep's first query.
/// </summary>
internal sealed class RowReader(SqliteDataReader reader)
{
    private readonly SQLitePCL.sqlite3_stmt _statement =
        reader.Handle ?? throw new InvalidOperationException("the statement has no result");

    private int _next;
    private JobId _lastJob;

    /// <summary>Moves to the next row.</summary>
    public bool Move()
    {
        _next = 0;
        return reader.Read();
    }

    /// <summary>Whether the next column is null.</summary>
    public bool AtNull => sqlite3_column_type(_statement, _next) == SQLITE_NULL;

    /// <summary>Passes over columns.</summary>
    public void Skip(int columns) => _next += columns;

    public string Text() => sqlite3_column_text(_statement, _next++).utf8_to_string();

    public string? TextOrNull() => SkipNull() ? null : Text();

    public int Int() => checked((int)Long());

    public int? IntOrNull() => SkipNull() ? null : Int();

    public long Long() => sqlite3_column_int64(_statement, _next++);

    public long? LongOrNull() => SkipNull() ? null : Long();

    public bool Flag() => Long() != 0;

    public double Real() =>
        sqlite3_column_type(_statement, _next) == SQLITE_TEXT
        && sqlite3_column_text(_statement, _next).utf8_to_string() == Statements.NotANumber
            ? Skipped(double.NaN)
            : sqlite3_column_double(_statement, _next++);

    public double? RealOrNull() => SkipNull() ? null : Real();

    public T Word<T>()
        where T : struct, Enum => Words<T>.Parse(Text());

    public T? WordOrNull<T>()
        where T : struct, Enum => SkipNull() ? null : Word<T>();

    /// <summary>Three columns: sweep, kind, number.</summary>
    public JobId Job()
    {
        var sweep = Text();
        _lastJob = new JobId(sweep == _lastJob.Sweep ? _lastJob.Sweep : sweep, Word<JobKind>(), Int());
        return _lastJob;
    }

    private bool SkipNull()
    {
        if (!AtNull)
        {
            return false;
        }

        _next++;
        return true;
    }

    private double Skipped(double value)
    {
        _next++;
        return value;
    }
}
