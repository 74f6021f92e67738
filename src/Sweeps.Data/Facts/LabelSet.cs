using System.Collections.Frozen;
using System.Numerics;
using Sweeps.Core.Spec;
using Sweeps.Data.Readers;

namespace Sweeps.Data.Facts;

/// <summary>The classes of a data set in their order: a label's index is its place here.</summary>
public sealed class LabelSet
{
    private readonly FrozenDictionary<string, int> _indexes;

    private LabelSet(string[] names, bool declared, string? separator)
    {
        Names = names;
        IsDeclared = declared;
        Separator = separator;
        _indexes = names.Index().ToFrozenDictionary(static pair => pair.Item, static pair => pair.Index, StringComparer.Ordinal);
    }

    /// <summary>The label texts, exactly as in the data.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>True when a person declared them, false when they were read from the data.</summary>
    public bool IsDeclared { get; }

    /// <summary>What stands between two labels of a row, which may have any number of them; null: every row has one.</summary>
    public string? Separator { get; }

    /// <summary>How many classes there are.</summary>
    public int Count => Names.Count;

    /// <summary>The labels as declared, in that order.</summary>
    /// <param name="names">The labels.</param>
    /// <param name="separator">What stands between two labels of a row; null: every row has one.</param>
    /// <exception cref="DataException">A label is empty or there twice, or there are fewer than two.</exception>
    public static LabelSet Declared(IEnumerable<string> names, string? separator = null)
    {
        string[] list = [.. names];
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (string name in list)
        {
            if (string.IsNullOrWhiteSpace(name))
            {
                throw new DataException(null, null, "a declared label is empty", "Give every label a name");
            }

            if (!seen.Add(name))
            {
                throw new DataException(null, null, $"the label '{name}' is declared twice", "Keep one");
            }
        }

        return list.Length >= 2
            ? new LabelSet(list, declared: true, separator)
            : throw new DataException(null, null, $"{list.Length} label is declared", "A classifier needs at least two");
    }

    /// <summary>
    /// The labels that a column holds: integers in numeric order when all are integers, else texts in ordinal order.
    /// </summary>
    /// <param name="table">The rows.</param>
    /// <param name="column">The label's column.</param>
    /// <param name="separator">What stands between two labels of a row; null: every row has one.</param>
    /// <exception cref="DataException">
    /// The column is missing, a row's label is empty or stands there twice, or there is one class only.
    /// </exception>
    public static LabelSet FromData(DataTable table, string column, string? separator = null)
    {
        table.Require(column);
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (Row row in table.Rows)
        {
            seen.UnionWith(separator is null ? [NotEmpty(table, row, column, row[column])] : Split(table, row, column, separator));
        }

        return seen.Count switch
        {
            0 when table.Rows.Count > 0 => throw new DataException(table.File, null, $"no row has a label in '{column}'", "Name the column that holds the labels"),
            0 => throw new DataException(table.File, null, "there are no rows", "Add examples below the header"),
            1 when separator is null => throw new DataException(table.File, null, $"every row has the label '{seen.First()}' in '{column}'", "A classifier needs at least two classes"),
            1 => throw new DataException(table.File, null, $"'{seen.First()}' is the only label in '{column}'", $"A classifier needs at least two; check that '{separator}' stands between the labels of a row"),
            _ => new LabelSet(Sort(seen), declared: false, separator),
        };
    }

    /// <summary>The indexes of a row's labels in ascending order: one, or any number where the set has a separator.</summary>
    /// <exception cref="DataException">
    /// A label is not in the set, is empty, or stands there twice; names the row's line, and the nearest label.
    /// </exception>
    public int[] IndexesOf(DataTable table, Row row, string column)
    {
        if (Separator is null)
        {
            return [IndexOf(table, row, column)];
        }

        int[] indexes = [.. Split(table, row, column, Separator).Select(label => IndexOf(table, row, column, label))];
        Array.Sort(indexes);
        return indexes;
    }

    /// <summary>The index of a row's only label: the whole text of the column.</summary>
    /// <exception cref="DataException">The label is not in the set; names the row's line and the nearest label.</exception>
    public int IndexOf(DataTable table, Row row, string column) => IndexOf(table, row, column, row[column]);

    /// <summary>The index of a label text, or null when it is not in the set.</summary>
    public int? Find(string label) => _indexes.TryGetValue(label, out int index) ? index : null;

    private int IndexOf(DataTable table, Row row, string column, string label)
    {
        if (_indexes.TryGetValue(label, out int index))
        {
            return index;
        }

        NotEmpty(table, row, column, label);
        string shown = Shown(label);
        string origin = IsDeclared ? "is not among the declared labels" : "does not occur in the training rows";
        string nearest = NearestName.Of(label, Names) is { } name ? $"Did you mean '{name}'? The" : "The";
        throw new DataException(table.File, row.Line, $"the label '{shown}' {origin}", $"{nearest} labels are {NearestName.List(Names)}");
    }

    private static string NotEmpty(DataTable table, Row row, string column, string label) =>
        string.IsNullOrWhiteSpace(label)
            ? throw new DataException(table.File, row.Line, $"the label in '{column}' is empty", "Fill it in or remove the row, or, if rows may have several labels or none, set data.label_separator")
            : label;

    /// <summary>The labels of a cell, without the space around them; an empty cell has none.</summary>
    private static string[] Split(DataTable table, Row row, string column, string separator)
    {
        string cell = row[column];
        if (string.IsNullOrWhiteSpace(cell))
        {
            return [];
        }

        string[] labels = [.. cell.Split(separator).Select(static label => label.Trim())];
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (string label in labels)
        {
            if (label.Length == 0)
            {
                throw new DataException(table.File, row.Line, $"'{Shown(cell)}' in '{column}' has an empty label", $"Write '{separator}' only between two labels");
            }

            if (!seen.Add(label))
            {
                throw new DataException(table.File, row.Line, $"the label '{Shown(label)}' stands twice in '{column}'", "Keep one");
            }
        }

        return labels;
    }

    private static string Shown(string text) => text.Length > 60 ? text[..60] + "..." : text;

    private static string[] Sort(HashSet<string> labels)
    {
        string[] names = [.. labels];
        Array.Sort(names, StringComparer.Ordinal);
        return names.All(static name => name.Length <= 100 && BigInteger.TryParse(name, out _))
            ? [.. names.OrderBy(static name => BigInteger.Parse(name, System.Globalization.CultureInfo.InvariantCulture))]
            : names;
    }
}
