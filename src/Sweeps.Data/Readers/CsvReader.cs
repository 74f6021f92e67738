using System.Text;

namespace Sweeps.Data.Readers;

/// <summary>
/// Comma separated values after RFC 4180, strictly: quoted fields may hold delimiters, newlines and doubled quotes; a
/// quote that does not end, text after a closing quote and a row of another length are errors with their line.
/// </summary>
internal sealed class CsvReader
{
    private const char Quote = '"';

    private readonly TextSource _source;
    private readonly string _file;
    private readonly ReadOptions _options;
    private readonly char _delimiter;
    private readonly StringBuilder _field = new();
    private readonly List<string> _fields = [];
    private bool _quoted;

    private CsvReader(TextSource source, string file, ReadOptions options)
    {
        _source = source;
        _file = file;
        _options = options;
        _delimiter = options.Delimiter ?? GuessDelimiter(source.Ahead());
    }

    public static DataTable Read(TextSource source, string file, ReadOptions options) =>
        new CsvReader(source, file, options).ReadTable();

    /// <summary>The most frequent of comma, semicolon and tab in the first line, outside quotes.</summary>
    internal static char GuessDelimiter(ReadOnlySpan<char> text)
    {
        int commas = 0, semicolons = 0, tabs = 0;
        bool quoted = false;
        foreach (char c in text)
        {
            if (c == Quote)
            {
                quoted = !quoted;
            }
            else if (!quoted)
            {
                if (c is '\n' or '\r' && commas + semicolons + tabs > 0)
                {
                    break;
                }

                commas += c == ',' ? 1 : 0;
                semicolons += c == ';' ? 1 : 0;
                tabs += c == '\t' ? 1 : 0;
                if (c is '\n' or '\r')
                {
                    break;
                }
            }
        }

        return tabs > commas && tabs >= semicolons ? '\t' : semicolons > commas ? ';' : ',';
    }

    private DataTable ReadTable()
    {
        if (!ReadRecord(out _))
        {
            throw new DataException(_file, null, "the file is empty", "It needs a header line with the column names, then one row a line");
        }

        string[] columns = ReadHeader();
        RowSchema schema = new(_file, DataTable.IndexColumns(columns));
        List<Row> rows = [];
        while (ReadRecord(out int line))
        {
            if (_fields.Count != columns.Length)
            {
                string shown = _fields[0].Length > 40 ? _fields[0][..40] + "..." : _fields[0];
                throw new DataException(
                    _file,
                    line,
                    $"this row has {_fields.Count} {(_fields.Count == 1 ? "field" : "fields")}, the header has {columns.Length} (the row begins \"{shown.ReplaceLineEndings(" ")}\")",
                    $"Put a field that holds '{Shown(_delimiter)}' in double quotes");
            }

            if (rows.Count == _options.MaxRows)
            {
                throw new DataException(_file, line, $"there are more than {_options.MaxRows:N0} rows", "Use a smaller file");
            }

            rows.Add(new Row(schema, [.. _fields], line));
        }

        return new DataTable(schema, columns, rows, delimiter: _delimiter);
    }

    private string[] ReadHeader()
    {
        string[] columns = [.. _fields.Select(static name => name.Trim())];
        HashSet<string> seen = new(StringComparer.Ordinal);
        for (int i = 0; i < columns.Length; i++)
        {
            // A table saved with its index has a first column without a name.
            columns[i] = columns[i].Length == 0 ? $"column_{i + 1}" : columns[i];
            if (!seen.Add(columns[i]))
            {
                throw new DataException(_file, 1, $"two columns are called '{columns[i]}'", "Give each column its own name");
            }
        }

        return columns;
    }

    /// <summary>Reads the next record into <see cref="_fields"/>; lines that are wholly blank are passed over.</summary>
    private bool ReadRecord(out int line)
    {
        while (true)
        {
            line = _source.Line;
            if (_source.Peek() < 0)
            {
                return false;
            }

            _fields.Clear();
            _quoted = false;
            while (ReadField())
            {
            }

            if (_fields is not [""] || _quoted)
            {
                return true;
            }
        }
    }

    /// <summary>Reads one field; true when another follows in the same record.</summary>
    private bool ReadField()
    {
        if (_fields.Count == _options.MaxColumns)
        {
            throw new DataException(_file, _source.Line, $"a row has more than {_options.MaxColumns:N0} fields", "Check the delimiter");
        }

        _field.Clear();
        int opened = _source.Line;
        if (_source.Peek() == Quote)
        {
            ReadQuoted(opened);
            _quoted = true;
        }

        while (true)
        {
            int c = _source.Read();
            if (c == '\r' && _source.Peek() == '\n')
            {
                c = _source.Read();
            }

            if (c < 0 || c == '\n' || c == '\r' || c == _delimiter)
            {
                _fields.Add(_field.ToString());
                return c == _delimiter;
            }

            Append((char)c, opened);
        }
    }

    private void ReadQuoted(int opened)
    {
        _source.Read();
        while (true)
        {
            int c = _source.Read();
            if (c < 0)
            {
                throw new DataException(_file, opened, "a double quote opens here and never closes", "Close it, or double it (\"\") if it belongs to the text");
            }

            if (c != Quote)
            {
                Append((char)c, opened);
            }
            else if (_source.Peek() == Quote)
            {
                _source.Read();
                Append(Quote, opened);
            }
            else
            {
                break;
            }
        }

        int next = _source.Peek();
        if (next >= 0 && next != _delimiter && next is not ('\r' or '\n'))
        {
            throw new DataException(
                _file,
                opened,
                $"the quoted field that opens here is followed by '{(char)next}' instead of '{Shown(_delimiter)}' or the end of the line",
                "Double a quote (\"\") that belongs to the text");
        }
    }

    private void Append(char c, int line)
    {
        if (_field.Length == _options.MaxFieldLength)
        {
            throw new DataException(_file, line, $"a field is longer than {_options.MaxFieldLength:N0} characters", "Look for a double quote that does not close, or shorten the text");
        }

        _field.Append(c);
    }

    private static string Shown(char delimiter) => delimiter == '\t' ? "tab" : delimiter.ToString();
}
