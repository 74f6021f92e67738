namespace Sweeps.Data.Readers;

/// <summary>One example: its fields by column, and the line where it begins.</summary>
public sealed class Row
{
    private readonly RowSchema _schema;
    private readonly string[] _fields;

    internal Row(RowSchema schema, string[] fields, int line)
    {
        _schema = schema;
        _fields = fields;
        Line = line;
    }

    /// <summary>The file it comes from, as the user named it.</summary>
    public string File => _schema.File;

    /// <summary>The line where the row begins, from 1 (a CSV header is line 1).</summary>
    public int Line { get; }

    /// <summary>The field of a column, exactly as in the file (quotes removed).</summary>
    /// <exception cref="KeyNotFoundException">No such column; ask <see cref="DataTable.Require"/> first.</exception>
    public string this[string column] => _fields[_schema.Indexes[column]];

    /// <summary>The field of a column by its index in <see cref="DataTable.Columns"/>.</summary>
    public string this[int column] => _fields[column];
}
