using System.Buffers;

namespace Sweeps.Data.Readers;

/// <summary>Writes CSV that <see cref="DataReader"/> reads back to the same fields: UTF-8, line feeds, quotes where needed.</summary>
public static class CsvWriter
{
    private static readonly SearchValues<char> NeedsQuotes = SearchValues.Create("\",\r\n;\t");

    /// <summary>Writes a header and rows to a file, replacing it.</summary>
    public static void Write(string path, IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows)
    {
        using StreamWriter writer = new(path);
        Write(writer, columns, rows);
    }

    /// <summary>Writes a header and rows.</summary>
    public static void Write(TextWriter writer, IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows)
    {
        WriteRecord(writer, columns);
        foreach (IReadOnlyList<string> row in rows)
        {
            WriteRecord(writer, row);
        }
    }

    private static void WriteRecord(TextWriter writer, IReadOnlyList<string> fields)
    {
        for (int i = 0; i < fields.Count; i++)
        {
            if (i > 0)
            {
                writer.Write(',');
            }

            string field = fields[i];
            // A lone empty field would be a blank line, which readers pass over.
            bool quote = field.AsSpan().ContainsAny(NeedsQuotes) || (field.Length == 0 && fields.Count == 1);
            writer.Write(quote ? $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : field);
        }

        writer.Write('\n');
    }
}
