using System.Text;
using System.Text.Json;

namespace Sweeps.Data.Readers;

/// <summary>
/// JSON Lines: an object a line, its values strings or numbers. A value of another kind (a boolean, a list, null) makes
/// its column unusable, which is an error, with the line, only when the column is used. The column of
/// <see cref="ReadOptions.Lists"/> takes lists of labels too; null there is no label.
/// </summary>
internal static class JsonLinesReader
{
    private static readonly JsonDocumentOptions ParseOptions = new() { MaxDepth = 32 };

    public static DataTable Read(TextSource source, string file, ReadOptions options)
    {
        List<string> columns = [];
        Dictionary<string, int> indexes = new(StringComparer.Ordinal);
        Dictionary<string, (int Line, string Why)> unusable = new(StringComparer.Ordinal);
        List<(int Line, string?[] Fields)> records = [];
        StringBuilder buffer = new();
        while (ReadLine(source, file, options, buffer, out int line))
        {
            string text = buffer.ToString();
            if (string.IsNullOrWhiteSpace(text))
            {
                continue;
            }

            if (records.Count == options.MaxRows)
            {
                throw new DataException(file, line, $"there are more than {options.MaxRows:N0} rows", "Use a smaller file");
            }

            using JsonDocument document = Parse(text, file, line);
            try
            {
                records.Add((line, ReadObject(document.RootElement, file, line, options, columns, indexes, unusable)));
            }
            catch (InvalidOperationException e)
            {
                // The parser takes any \u escape; that two of them make no character is found when the text is asked for.
                throw new DataException(file, line, "a \\u escape in this line is half of a character (a surrogate without its other half)", "Write the character itself, or both halves", e);
            }
        }

        if (records.Count == 0)
        {
            throw new DataException(file, null, "the file is empty", "It needs a JSON object a line, as in {\"text\": \"...\", \"label\": \"...\"}");
        }

        RowSchema schema = new(file, indexes);
        return new DataTable(schema, columns, Complete(records, columns, schema, unusable), unusable);
    }

    private static JsonDocument Parse(string text, string file, int line)
    {
        try
        {
            JsonDocument document = JsonDocument.Parse(text, ParseOptions);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                return document;
            }

            string kind = document.RootElement.ValueKind.ToString().ToLowerInvariant();
            document.Dispose();
            string hint = kind == "array" && line == 1 ? "A JSON array is not JSON Lines: write one object a line" : "Write one object a line, as in {\"text\": \"...\", \"label\": \"...\"}";
            throw new DataException(file, line, $"this line holds a JSON {kind}, not an object", hint);
        }
        catch (JsonException e)
        {
            string where = e.BytePositionInLine is { } position ? $" (near byte {position + 1} of the line)" : "";
            throw new DataException(file, line, $"this line is not a whole JSON object{where}", "Write one object a line, without a comma after it", e);
        }
    }

    private static string?[] ReadObject(
        JsonElement element,
        string file,
        int line,
        ReadOptions options,
        List<string> columns,
        Dictionary<string, int> indexes,
        Dictionary<string, (int Line, string Why)> unusable)
    {
        string?[] fields = new string?[columns.Count];
        foreach (JsonProperty property in element.EnumerateObject())
        {
            if (!indexes.TryGetValue(property.Name, out int index))
            {
                if (columns.Count == options.MaxColumns)
                {
                    throw new DataException(file, line, $"there are more than {options.MaxColumns:N0} keys");
                }

                index = columns.Count;
                columns.Add(property.Name);
                indexes.Add(property.Name, index);
            }

            if (index >= fields.Length)
            {
                Array.Resize(ref fields, columns.Count);
            }

            if (fields[index] is not null)
            {
                throw new DataException(file, line, $"the key '{property.Name}' is there twice", "Keep one");
            }

            string? value = property.Value.ValueKind switch
            {
                JsonValueKind.Array when options.Lists is { } lists && lists.Column == property.Name => Join(property.Value, lists, file, line),
                JsonValueKind.Null when options.Lists?.Column == property.Name => "",
                JsonValueKind.String => property.Value.GetString(),
                JsonValueKind.Number => property.Value.GetRawText(),
                _ => null,
            };
            if (value is null)
            {
                string kind = property.Value.ValueKind switch
                {
                    JsonValueKind.True or JsonValueKind.False => "a boolean",
                    JsonValueKind.Null => "null",
                    JsonValueKind.Array => "a list",
                    _ => "an object",
                };
                string hint = property.Value.ValueKind == JsonValueKind.Array ? "; lists of labels are read where data.label_separator is given" : "";
                unusable.TryAdd(property.Name, (line, $"'{property.Name}' is {kind} here{hint}"));
            }
            else if (value.Length > options.MaxFieldLength)
            {
                throw new DataException(file, line, $"'{property.Name}' is longer than {options.MaxFieldLength:N0} characters", "Shorten the text");
            }

            fields[index] = value ?? "";
        }

        return fields;
    }

    /// <summary>A list of labels as one text, as a CSV has it.</summary>
    private static string Join(JsonElement list, LabelLists lists, string file, int line)
    {
        List<string> labels = [];
        foreach (JsonElement item in list.EnumerateArray())
        {
            string label = item.ValueKind switch
            {
                JsonValueKind.String => item.GetString()!,
                JsonValueKind.Number => item.GetRawText(),
                _ => throw new DataException(file, line, $"the list '{lists.Column}' holds something that is no label: {item.ValueKind.ToString().ToLowerInvariant()}", "Write labels as strings or integers"),
            };
            if (string.IsNullOrWhiteSpace(label))
            {
                throw new DataException(file, line, $"the list '{lists.Column}' holds an empty label", "Take it out; a row without labels has an empty list");
            }

            if (label.Contains(lists.Separator, StringComparison.Ordinal))
            {
                throw new DataException(file, line, $"the label '{label}' holds the label_separator '{lists.Separator}'", "Choose a separator that no label holds");
            }

            labels.Add(label);
        }

        return string.Join(lists.Separator, labels);
    }

    private static List<Row> Complete(
        List<(int Line, string?[] Fields)> records,
        List<string> columns,
        RowSchema schema,
        Dictionary<string, (int Line, string Why)> unusable)
    {
        List<Row> rows = new(records.Count);
        foreach ((int line, string?[] fields) in records)
        {
            string[] complete = new string[columns.Count];
            for (int i = 0; i < complete.Length; i++)
            {
                string? value = i < fields.Length ? fields[i] : null;
                if (value is null)
                {
                    unusable.TryAdd(columns[i], (line, $"this row has no '{columns[i]}'"));
                }

                complete[i] = value ?? "";
            }

            rows.Add(new Row(schema, complete, line));
        }

        return rows;
    }

    private static bool ReadLine(TextSource source, string file, ReadOptions options, StringBuilder buffer, out int line)
    {
        // Escapes (\uXXXX) make the line up to six times as long as its fields; a line has room for four of the longest.
        long most = 24L * options.MaxFieldLength;
        buffer.Clear();
        line = source.Line;
        int c = source.Read();
        if (c < 0)
        {
            return false;
        }

        for (; c is >= 0 and not '\n'; c = source.Read())
        {
            if (buffer.Length == most)
            {
                throw new DataException(file, line, $"this line is longer than {most:N0} characters", "Shorten the texts");
            }

            buffer.Append((char)c);
        }

        return true;
    }
}
