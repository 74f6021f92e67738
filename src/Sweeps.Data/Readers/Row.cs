namespace Sweeps.Data.Readers;

/// <summary>One example: its fields by column, and the line where it begins.</summary>
public sealed class Row
{
    private readonly Dictionary<string, int> _indexes;
    private readonly string[] _fields;

    internal Row(Dictionary<string, int> indexes, string[] fields, int line)
    {
        _indexes = indexes;
        _fields = fields;
        Line = line;
    }

    /// <summary>The line where the row begins, from 1 (a CSV header is line 1).</summary>
    public int Line { get; }

    /// <summary>The field of a column, exactly as in the file (quotes removed).</summary>
    /// <exception cref="KeyNotFoundException">No such column; ask <see cref="DataTable.Require"/> first.</exception>
    public string this[string column] => _fields[_indexes[column]];

    /// <summary>The field of a column by its index in <see cref="DataTable.Columns"/>.</summary>
    public string this[int column] => _fields[column];
}
