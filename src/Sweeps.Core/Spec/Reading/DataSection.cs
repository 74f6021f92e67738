using System.Globalization;
using Sweeps.Core.Spec.Settings;
using Sweeps.Core.Spec.Yaml;

namespace Sweeps.Core.Spec.Reading;

/// <summary>The section <c>data</c>.</summary>
internal sealed class DataSection(Scalars scalars, Dictionary<string, SpecMark> marks)
{
    private const string SplitAllowed = "a share above 0 and below 1 (such as 0.1), or the path of a file";
    private static readonly ChoiceType Formats = new("csv", "jsonl");
    private static readonly IntegerType Rows = new(0, int.MaxValue);

    public (DataSpec Spec, DataSettings Settings)? Read(MapReader root)
    {
        if (root["data"] is not { } node)
        {
            scalars.Errors.Add(SpecMark.Start, "data", "the key 'data' is missing", allowed: "a map with at least 'train'");
            return null;
        }

        if (scalars.Map(node, "data", "a map with at least 'train'") is not { } map)
        {
            return null;
        }

        var section = new MapReader(map, SpecLayout.Data, scalars.Errors);
        var settings = new DataSettings { Labels = [] };
        var train = ReadTrain(section);
        var (share, validation) = ReadValidation(section, settings.ValidationShare);
        var test = Text(section, "test", "the path of a file");
        var label = Text(section, "label", "the name of a column", 256) ?? settings.LabelColumn;
        var separator = ReadSeparator(section);
        var labels = ReadLabels(section, separator);
        var delimiter = ReadDelimiter(section);
        var rows = section["max_rows"] is { } most && scalars.Value(most, "data.max_rows", Rows) is long count ? (int)count : 0;
        var format = section["format"] is { } given && scalars.Value(given, "data.format", Formats) is string word ? word : Guess(train);
        if (format != "csv" && section["delimiter"] is { } useless)
        {
            scalars.Errors.Add(useless.Mark, "data.delimiter", "a delimiter belongs to CSV, and these data are jsonl; remove the line");
        }

        return train is null
            ? null
            : (new DataSpec { Train = train, Validation = validation, Test = test, Labels = labels },
                settings with
                {
                    Format = format,
                    Delimiter = delimiter,
                    LabelColumn = label,
                    Labels = labels ?? [],
                    LabelSeparator = separator,
                    ValidationShare = share,
                    MaxRows = rows,
                });
    }

    private string? ReadTrain(MapReader section)
    {
        const string Allowed = "the path of a CSV or JSONL file, or builtin:campaigns/V25";
        if (section["train"] is not { } node)
        {
            scalars.Errors.Add(section.Mark, "data.train", "the key 'train' is missing in 'data'", allowed: Allowed);
            return null;
        }

        marks["data.train"] = node.Mark;
        if (scalars.Text(node, "data.train", Allowed) is not { } train)
        {
            return null;
        }

        if (!Builtins.IsBuiltin(train))
        {
            return train;
        }

        if (!Builtins.DataSets.Contains(train))
        {
            scalars.Refuse((YamlScalar)node, "data.train", string.Join(", ", Builtins.DataSets), NearestName.Of(train, Builtins.DataSets));
        }

        // They are generated with their splits, so whatever says otherwise would be ignored in silence.
        foreach (var key in new[] { "validation", "test", "label", "labels", "label_separator", "format", "delimiter" })
        {
            if (section[key] is { } extra)
            {
                scalars.Errors.Add(extra.Mark, $"data.{key}", $"built-in data bring their own '{key}'; remove the line");
            }
        }

        return train;
    }

    private (double Share, string? File) ReadValidation(MapReader section, double share)
    {
        if (section["validation"] is not { } node)
        {
            return (share, null);
        }

        marks["data.validation"] = node.Mark;
        if (scalars.Text(node, "data.validation", SplitAllowed) is not { } text)
        {
            return (share, null);
        }

        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
        {
            if (number is > 0 and < 1)
            {
                return (number, null);
            }

            scalars.Refuse((YamlScalar)node, "data.validation", SplitAllowed);
            return (share, null);
        }

        if (text.EndsWith('%') && double.TryParse(text[..^1], NumberStyles.Float, CultureInfo.InvariantCulture, out var percent))
        {
            scalars.Refuse((YamlScalar)node, "data.validation", SplitAllowed, (percent / 100).ToString(CultureInfo.InvariantCulture));
            return (share, null);
        }

        return (share, text);
    }

    private List<string>? ReadLabels(MapReader section, string? separator)
    {
        const string Allowed = "a list of at least two different labels";
        if (section["labels"] is not { } node || scalars.Items(node, "data.labels", Allowed) is not { } items)
        {
            return null;
        }

        marks["data.labels"] = node.Mark;
        var labels = new List<string>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in items)
        {
            if (scalars.Text(item, "data.labels", "a label", 256) is not { } label)
            {
                continue;
            }

            if (!seen.Add(label))
            {
                scalars.Errors.Add(item.Mark, "data.labels", $"the label '{ErrorList.Shorten(label)}' stands here twice", label, Allowed);
            }

            if (separator is not null && label.Contains(separator, StringComparison.Ordinal))
            {
                scalars.Errors.Add(
                    item.Mark,
                    "data.labels",
                    $"the label '{ErrorList.Shorten(label)}' holds the label_separator '{separator}' and would be read as several",
                    label,
                    "labels without the separator, or another separator");
            }

            labels.Add(label);
        }

        if (items.Count == 1)
        {
            scalars.Errors.Add(node.Mark, "data.labels", "one label alone leaves nothing to learn", allowed: Allowed);
        }

        return labels;
    }

    private string? ReadSeparator(MapReader section)
    {
        const string Allowed = "1 to 8 characters that are no letters or digits, such as \"|\" or \";\" (in quotes)";
        if (section["label_separator"] is not { } node || scalars.Scalar(node, "data.label_separator", Allowed) is not { } scalar)
        {
            return null;
        }

        marks["data.label_separator"] = node.Mark;
        if (scalar.Text.Length is > 0 and <= 8 && !scalar.Text.Any(c => char.IsControl(c) || char.IsLetterOrDigit(c) || char.IsSurrogate(c)))
        {
            return scalar.Text;
        }

        scalars.Refuse(scalar, "data.label_separator", Allowed);
        return null;
    }

    private string? ReadDelimiter(MapReader section)
    {
        const string Allowed = "one character such as \",\", \";\" or \"\\t\" (in double quotes)";
        if (section["delimiter"] is not { } node || scalars.Scalar(node, "data.delimiter", Allowed) is not { } scalar)
        {
            return null;
        }

        // A tab written without double quotes arrives as two characters; everybody means the tab.
        var text = scalar.Text == "\\t" ? "\t" : scalar.Text;
        if (text.Length == 1 && text[0] is not ('"' or '\r' or '\n') && !char.IsSurrogate(text[0]))
        {
            return text;
        }

        scalars.Refuse(scalar, "data.delimiter", Allowed);
        return null;
    }

    private string? Text(MapReader section, string key, string allowed, int longest = 4_096)
    {
        if (section[key] is not { } node)
        {
            return null;
        }

        marks[section.PathOf(key)] = node.Mark;
        return scalars.Text(node, section.PathOf(key), allowed, longest);
    }

    private static string Guess(string? path) =>
        path is not null
        && (path.EndsWith(".jsonl", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".ndjson", StringComparison.OrdinalIgnoreCase))
            ? "jsonl"
            : "csv";
}
