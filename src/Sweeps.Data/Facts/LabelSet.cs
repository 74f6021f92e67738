using System.Collections.Frozen;
using System.Numerics;
using Sweeps.Core.Spec;
using Sweeps.Data.Readers;

namespace Sweeps.Data.Facts;

/// <summary>The classes of a data set in their order: a label's index is its place here.</summary>
public sealed class LabelSet
{
    private readonly FrozenDictionary<string, int> _indexes;

    private LabelSet(string[] names, bool declared)
    {
        Names = names;
        IsDeclared = declared;
        _indexes = names.Index().ToFrozenDictionary(static pair => pair.Item, static pair => pair.Index, StringComparer.Ordinal);
    }

    /// <summary>The label texts, exactly as in the data.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>True when a person declared them, false when they were read from the data.</summary>
    public bool IsDeclared { get; }

    /// <summary>How many classes there are.</summary>
    public int Count => Names.Count;

    /// <summary>The labels as declared, in that order.</summary>
    /// <exception cref="DataException">A label is empty or there twice, or there are fewer than two.</exception>
    public static LabelSet Declared(IEnumerable<string> names)
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
            ? new LabelSet(list, declared: true)
            : throw new DataException(null, null, $"{list.Length} label is declared", "A classifier needs at least two");
    }

    /// <summary>
    /// The labels that a column holds: integers in numeric order when all are integers, else texts in ordinal order.
    /// </summary>
    /// <exception cref="DataException">The column is missing, a row's label is empty, or there is one class only.</exception>
    public static LabelSet FromData(DataTable table, string column)
    {
        int index = table.Require(column);
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (Row row in table.Rows)
        {
            seen.Add(NotEmpty(table, row, column, row[index]));
        }

        return seen.Count switch
        {
            0 => throw new DataException(table.File, null, "there are no rows", "Add examples below the header"),
            1 => throw new DataException(table.File, null, $"every row has the label '{seen.First()}' in '{column}'", "A classifier needs at least two classes"),
            _ => new LabelSet(Sort(seen), declared: false),
        };
    }

    /// <summary>The index of a row's label.</summary>
    /// <exception cref="DataException">The label is not in the set; names the row's line and the nearest label.</exception>
    public int IndexOf(DataTable table, Row row, string column)
    {
        string label = row[column];
        if (_indexes.TryGetValue(label, out int index))
        {
            return index;
        }

        NotEmpty(table, row, column, label);
        string shown = label.Length > 60 ? label[..60] + "..." : label;
        string origin = IsDeclared ? "is not among the declared labels" : "does not occur in the training rows";
        string nearest = NearestName.Of(label, Names) is { } name ? $"Did you mean '{name}'? The" : "The";
        throw new DataException(table.File, row.Line, $"the label '{shown}' {origin}", $"{nearest} labels are {NearestName.List(Names)}");
    }

    /// <summary>The index of a label text, or null when it is not in the set.</summary>
    public int? Find(string label) => _indexes.TryGetValue(label, out int index) ? index : null;

    private static string NotEmpty(DataTable table, Row row, string column, string label) =>
        string.IsNullOrWhiteSpace(label)
            ? throw new DataException(table.File, row.Line, $"the label in '{column}' is empty", "Fill it in or remove the row")
            : label;

    private static string[] Sort(HashSet<string> labels)
    {
        string[] names = [.. labels];
        Array.Sort(names, StringComparer.Ordinal);
        return names.All(static name => name.Length <= 100 && BigInteger.TryParse(name, out _))
            ? [.. names.OrderBy(static name => BigInteger.Parse(name, System.Globalization.CultureInfo.InvariantCulture))]
            : names;
    }
}
