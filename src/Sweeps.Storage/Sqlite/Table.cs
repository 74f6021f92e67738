using Microsoft.Data.Sqlite;
using Sweeps.Core.Ledger;

namespace Sweeps.Storage.Sqlite;

/// <summary>
/// How one kind of row lies in its table: columns in the order in which they are bound and read back. The version
/// column of versioned rows and the change column of all are added here, last.
/// </summary>
/// <typeparam name="T">The row.</typeparam>
internal sealed class Table<T>
    where T : LedgerRow
{
    private const string VersionColumn = "version";
    private const string ChangeColumn = "change";

    private readonly Column<T>[] _columns;
    private readonly Func<RowReader, T> _read;

    /// <summary>Describes a table.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="keys">How many of the first columns are its key.</param>
    /// <param name="columns">Its columns but version and change.</param>
    /// <param name="read">Reads the columns in the same order, then version (if any) and change.</param>
    public Table(string name, int keys, Column<T>[] columns, Func<RowReader, T> read)
    {
        var versioned = typeof(T).IsSubclassOf(typeof(VersionedRow));
        _columns = versioned
            ? [.. columns, new Column<T>(VersionColumn, r => ((VersionedRow)(LedgerRow)r).Version + 1)]
            : columns;
        _read = read;
        Names = [.. _columns.Select(c => c.Name), ChangeColumn];

        var key = string.Join(", ", Names.Take(keys));
        var values = string.Join(", ", Names.Select(n => $"${n}"));
        var where = string.Join(" AND ", Names.Take(keys).Select(n => $"{n} = ${n}"));
        Insert = $"INSERT INTO {name} ({string.Join(", ", Names)}) VALUES ({values})";
        InsertIfAbsent = $"{Insert} ON CONFLICT DO NOTHING";
        Upsert = $"{Insert} ON CONFLICT ({key}) DO UPDATE SET "
            + string.Join(", ", Names.Skip(keys).Select(n => $"{n} = excluded.{n}"));
        Update = $"UPDATE {name} SET {string.Join(", ", Names.Skip(keys).Select(n => $"{n} = ${n}"))} "
            + $"WHERE {where} AND {VersionColumn} = ${VersionColumn} - 1";
        SelectAll = $"SELECT {string.Join(", ", Names)} FROM {name}";
        SelectByKey = $"{SelectAll} WHERE {where}";
        SelectVersion = $"SELECT {VersionColumn} FROM {name} WHERE {where}";
    }

    /// <summary>Names of all columns.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Inserts; a taken key is an error.</summary>
    public string Insert { get; }

    /// <summary>Inserts, or changes nothing when any unique key is taken.</summary>
    public string InsertIfAbsent { get; }

    /// <summary>Inserts or replaces by key.</summary>
    public string Upsert { get; }

    /// <summary>Replaces a versioned row when the stored version is the one read.</summary>
    public string Update { get; }

    /// <summary>Selects every column, without a WHERE.</summary>
    public string SelectAll { get; }

    /// <summary>Selects by key.</summary>
    public string SelectByKey { get; }

    /// <summary>Selects the version by key.</summary>
    public string SelectVersion { get; }

    /// <summary>The columns with an alias before each, for joins.</summary>
    public string Columns(string alias) => string.Join(", ", Names.Select(n => $"{alias}.{n}"));

    /// <summary>Binds a row and the change number to a command of this table.</summary>
    public void Bind(SqliteCommand command, T row, long change)
    {
        for (var i = 0; i < _columns.Length; i++)
        {
            Statements.Bind(command, i, _columns[i].Name, _columns[i].Value(row));
        }

        Statements.Bind(command, _columns.Length, ChangeColumn, change);
    }

    /// <summary>Reads the next columns of the reader as a row.</summary>
    public T Read(RowReader reader) => _read(reader);
}
