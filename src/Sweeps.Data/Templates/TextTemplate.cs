using System.Text;
using Sweeps.Data.Readers;

namespace Sweeps.Data.Templates;

/// <summary>
/// The text that the model reads: words with <c>{column}</c> in their midst; <c>{{</c> and <c>}}</c> are braces. The label
/// has no place in it: the template ends where the label begins.
/// </summary>
public sealed class TextTemplate
{
    /// <summary>Most characters a template may have.</summary>
    public const int MaxLength = 65_536;

    private readonly Part[] _parts;

    private TextTemplate(string source, Part[] parts)
    {
        Source = source;
        _parts = parts;
        Columns = [.. parts.Where(static part => part.IsColumn).Select(static part => part.Text).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>The template as written.</summary>
    public string Source { get; }

    /// <summary>The columns it uses, each once, in the order of first use.</summary>
    public IReadOnlyList<string> Columns { get; }

    /// <summary>Reads a template.</summary>
    /// <exception cref="DataException">A brace does not match, a name is empty, no column is used, or it is too long.</exception>
    public static TextTemplate Parse(string source)
    {
        if (source.Length > MaxLength)
        {
            throw new DataException(null, null, $"the template has {source.Length:N0} characters, the limit is {MaxLength:N0}", "Shorten it");
        }

        List<Part> parts = [];
        StringBuilder literal = new();
        for (int i = 0; i < source.Length; i++)
        {
            char c = source[i];
            if (c is '{' or '}' && i + 1 < source.Length && source[i + 1] == c)
            {
                literal.Append(c);
                i++;
            }
            else if (c == '{')
            {
                int end = source.IndexOfAny(['{', '}'], i + 1);
                if (end < 0 || source[end] == '{')
                {
                    throw Broken(i, "'{' opens a column name that does not close");
                }

                string name = source[(i + 1)..end].Trim();
                if (name.Length == 0)
                {
                    throw Broken(i, "there is no column name between the braces");
                }

                Flush(parts, literal);
                parts.Add(new Part(name, IsColumn: true));
                i = end;
            }
            else if (c == '}')
            {
                throw Broken(i, "'}' closes nothing");
            }
            else
            {
                literal.Append(c);
            }
        }

        Flush(parts, literal);
        return parts.Any(static part => part.IsColumn)
            ? new TextTemplate(source, [.. parts])
            : throw new DataException(null, null, "the template uses no column", "Name at least one, as in \"{text}\"");
    }

    /// <summary>Makes sure that a table has every column used.</summary>
    /// <exception cref="DataException">A column is missing or cannot be used.</exception>
    public void CheckColumns(DataTable table)
    {
        foreach (string column in Columns)
        {
            table.Require(column);
        }
    }

    /// <summary>The text of a row.</summary>
    public string Render(Row row) => Render(row, null);

    /// <summary>The text of a row, and where its fields begin and end in it.</summary>
    internal string Render(Row row, List<FieldSpan>? fields)
    {
        StringBuilder text = new();
        foreach (Part part in _parts)
        {
            string value = part.IsColumn ? row[part.Text] : part.Text;
            if (part.IsColumn)
            {
                fields?.Add(new FieldSpan(text.Length, text.Length + value.Length));
            }

            text.Append(value);
        }

        return text.ToString();
    }

    /// <summary>The template with nothing in its fields.</summary>
    internal string RenderEmpty() => string.Concat(_parts.Where(static part => !part.IsColumn).Select(static part => part.Text));

    private static void Flush(List<Part> parts, StringBuilder literal)
    {
        if (literal.Length > 0)
        {
            parts.Add(new Part(literal.ToString(), IsColumn: false));
            literal.Clear();
        }
    }

    private static DataException Broken(int at, string problem) =>
        new(null, null, $"{problem} (character {at + 1} of the template)", "Write {column} for a column, {{ and }} for braces");

    /// <summary>Where a field lies in the rendered text.</summary>
    internal readonly record struct FieldSpan(int Start, int End);

    private sealed record Part(string Text, bool IsColumn);
}
