using Sweeps.Core.Spec;

namespace Sweeps.Data.Readers;

/// <summary>A data file as read: columns by name, rows of text with their line numbers.</summary>
public sealed class DataTable
{
    private readonly RowSchema _schema;
    private readonly Dictionary<string, (int Line, string Why)> _unusable;

    internal DataTable(
        RowSchema schema,
        IReadOnlyList<string> columns,
        List<Row> rows,
        Dictionary<string, (int Line, string Why)>? unusable = null,
        char? delimiter = null)
    {
        Columns = columns;
        Rows = rows;
        Delimiter = delimiter;
        _schema = schema;
        _unusable = unusable ?? [];
    }

    /// <summary>The file as the user named it.</summary>
    public string File => _schema.File;

    /// <summary>Column names in the file's order.</summary>
    public IReadOnlyList<string> Columns { get; }

    /// <summary>The rows in the file's order.</summary>
    public IReadOnlyList<Row> Rows { get; }

    /// <summary>The CSV delimiter used; null for JSON Lines and for tables made in memory.</summary>
    public char? Delimiter { get; }

    /// <summary>Columns whose every row holds a usable text.</summary>
    public IEnumerable<string> UsableColumns => Columns.Where(column => !_unusable.ContainsKey(column));

    /// <summary>A table made in memory; lines are numbered from 1.</summary>
    /// <param name="name">What messages call it.</param>
    /// <param name="columns">Column names, all different.</param>
    /// <param name="rows">One array of fields a row, as long as <paramref name="columns"/>.</param>
    public static DataTable FromRows(string name, IReadOnlyList<string> columns, IEnumerable<string[]> rows)
    {
        RowSchema schema = new(name, IndexColumns(columns));
        List<Row> list = [];
        foreach (string[] fields in rows)
        {
            if (fields.Length != columns.Count)
            {
                throw new ArgumentException($"Row {list.Count + 1} has {fields.Length} fields for {columns.Count} columns.", nameof(rows));
            }

            list.Add(new Row(schema, fields, list.Count + 1));
        }

        return new DataTable(schema, columns, list);
    }

    /// <summary>The same columns with some of the rows.</summary>
    public DataTable WithRows(IEnumerable<Row> rows) => new(_schema, Columns, [.. rows], _unusable, Delimiter);

    /// <summary>Makes sure that a column is there and that every row holds a text in it.</summary>
    /// <returns>The column's index.</returns>
    /// <exception cref="DataException">The column is missing (with the columns there are and the nearest name), or a row's
    /// value is not a text or an integer (with its line).</exception>
    public int Require(string column)
    {
        if (!_schema.Indexes.TryGetValue(column, out int index))
        {
            string nearest = NearestName.Of(column, Columns) is { } name ? $"Did you mean '{name}'? The" : "The";
            string hint = Columns.Count == 1 && Delimiter is not null
                ? " (if that looks like several, the delimiter is another: it may be , ; or a tab)"
                : "";
            throw new DataException(File, null, $"there is no column '{column}'", $"{nearest} columns are {NearestName.List(Columns)}{hint}");
        }

        if (_unusable.TryGetValue(column, out (int Line, string Why) reason))
        {
            throw new DataException(File, reason.Line, reason.Why, "A column that is used must hold a string or an integer in every row");
        }

        return index;
    }

    internal static Dictionary<string, int> IndexColumns(IReadOnlyList<string> columns)
    {
        Dictionary<string, int> indexes = new(StringComparer.Ordinal);
        for (int i = 0; i < columns.Count; i++)
        {
            if (!indexes.TryAdd(columns[i], i))
            {
                throw new ArgumentException($"Two columns are called '{columns[i]}'.", nameof(columns));
            }
        }

        return indexes;
    }
}
