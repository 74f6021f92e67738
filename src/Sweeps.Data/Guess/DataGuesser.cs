using Sweeps.Core.Spec;
using Sweeps.Data.Facts;
using Sweeps.Data.Readers;

namespace Sweeps.Data.Guess;

/// <summary>
/// Guesses which column holds the label (few different values, a telling name, near the end) and which hold the text (the
/// longest, and others nearly as long).
/// </summary>
public static class DataGuesser
{
    /// <summary>A column with more different values than this is no label.</summary>
    public const int MaxClasses = 1000;

    private static readonly string[] LabelNames = ["label", "labels", "intent", "category", "class", "target", "y", "sentiment", "topic", "tag", "emotion"];
    private static readonly string[] TextNames = ["text", "sentence", "utterance", "message", "question", "query", "review", "comment", "body", "content", "title", "subject", "description", "prompt"];

    /// <summary>Guesses; see <see cref="DataGuess.Notes"/> for why.</summary>
    /// <param name="table">The data.</param>
    /// <param name="labelColumn">The label's column when a person has named it; null: guessed.</param>
    /// <param name="textColumns">The text's columns when a person has named them; null or empty: guessed.</param>
    /// <exception cref="DataException">
    /// A named column is not there, or no column can be the label or the text; says what each column looks like.
    /// </exception>
    public static DataGuess Guess(DataTable table, string? labelColumn = null, IReadOnlyList<string>? textColumns = null)
    {
        if (table.Rows.Count == 0)
        {
            throw new DataException(table.File, null, "there are no rows", "Add examples below the header");
        }

        foreach (string named in (textColumns ?? []).Append(labelColumn).OfType<string>())
        {
            table.Require(named);
        }

        ColumnProfile[] profiles = [.. table.UsableColumns.Select(column => ColumnProfile.Of(table, column))];
        ColumnProfile[] labels = [.. profiles.Where(profile => labelColumn is null ? CanBeLabel(profile) : profile.Column == labelColumn).OrderByDescending(LabelScore).ThenByDescending(static profile => profile.Index)];
        if (labels.Length == 0)
        {
            throw new DataException(table.File, null, $"no column looks like a label: it has 2 to {MaxClasses} different values, several rows each ({Describe(profiles)})", table is { Columns.Count: 1, Delimiter: not null } ? "There is one column only: name what separates several (--delimiter CHARACTER)" : "Name it: --label COLUMN");
        }

        ColumnProfile label = labels[0];
        ColumnProfile[] texts = [.. profiles.Where(profile => profile != label && (textColumns is { Count: > 0 } ? textColumns.Contains(profile.Column) : CanBeText(profile))).OrderByDescending(TextScore)];
        if (texts.Length == 0)
        {
            throw new DataException(table.File, null, $"no column beside the label '{label.Column}' looks like a text ({Describe(profiles)})", "Name it: --text COLUMN");
        }

        string[] chosen = [.. texts
            .Where(profile => textColumns is { Count: > 0 } || profile == texts[0] || (IsNamed(profile, TextNames) && !Repeats(table, profile, texts[0])))
            .OrderBy(static profile => profile.Index)
            .Select(static profile => profile.Column)];
        return new DataGuess
        {
            LabelColumn = label.Column,
            TextColumns = chosen,
            Template = Template(chosen),
            OtherLabelColumns = [.. labels.Skip(1).Where(profile => !chosen.Contains(profile.Column)).Select(static profile => profile.Column)],
            Facts = DataChecker.CheckTrain(table, chosen, label.Column, LabelSet.FromData(table, label.Column)),
            Notes = Notes(table, label, labels, texts[0], labelColumn is not null),
        };
    }

    /// <summary>Several values, each on several rows, short, none empty.</summary>
    private static bool CanBeLabel(ColumnProfile profile) =>
        profile.Distinct is >= 2 and <= MaxClasses && profile.Distinct <= Math.Max(2, profile.Rows / 2) && profile.Empty == 0 && profile.MeanLength <= 80;

    private static double LabelScore(ColumnProfile profile)
    {
        double score = IsNamed(profile, LabelNames) ? 10 : Array.Exists(LabelNames, name => name.Length > 1 && profile.Column.Contains(name, StringComparison.OrdinalIgnoreCase)) ? 5 : 0;
        score -= IsNamed(profile, TextNames) ? 5 : 0;
        // The fewer values the likelier; the last column is the usual place.
        return score - Math.Log10(profile.Distinct) + (profile.IsLast ? 1 : 0);
    }

    private static bool CanBeText(ColumnProfile profile) => profile.Letters > 0 && profile.Empty < profile.Rows;

    private static double TextScore(ColumnProfile profile) =>
        profile.MeanLength * (IsNamed(profile, TextNames) ? 2 : 1) * (profile.Letters < .3 ? .1 : 1);

    private static bool IsNamed(ColumnProfile profile, string[] names) => Array.Exists(names, name => name.Equals(profile.Column, StringComparison.OrdinalIgnoreCase));

    /// <summary>Whether a column is part of another in most rows (a title kept within a body).</summary>
    private static bool Repeats(DataTable table, ColumnProfile part, ColumnProfile whole)
    {
        int sample = Math.Min(100, table.Rows.Count);
        return table.Rows.Take(sample).Count(row => row[whole.Column].Contains(row[part.Column], StringComparison.Ordinal)) > sample / 2;
    }

    private static string Template(string[] columns) => columns.Length == 1
        ? $"{{{columns[0]}}}"
        : string.Join('\n', columns.Select(static column => $"{column.Replace("{", "{{", StringComparison.Ordinal).Replace("}", "}}", StringComparison.Ordinal)}: {{{column}}}"));

    private static List<string> Notes(DataTable table, ColumnProfile label, ColumnProfile[] labels, ColumnProfile text, bool named)
    {
        List<string> notes =
        [
            named ? $"'{label.Column}' is the label: {label.Distinct} different values in {label.Rows:N0} rows"
                : IsNamed(label, LabelNames)
                ? $"'{label.Column}' is taken for the label by its name: {label.Distinct} different values in {label.Rows:N0} rows"
                : $"'{label.Column}' is taken for the label: {label.Distinct} different values in {label.Rows:N0} rows",
        ];
        if (labels.Length > 1)
        {
            notes.Add($"it could also be {NearestName.List(labels.Skip(1).Select(static profile => profile.Column))}");
        }

        if (text.Column.Length > 40 || (text.Column.Contains(' ', StringComparison.Ordinal) && text.Column.Length > text.MeanLength / 2))
        {
            notes.Add($"check the first line of {table.File}: it must hold the column names, and \"{text.Column[..Math.Min(40, text.Column.Length)]}\" looks like a text");
        }

        string[] left = [.. table.Columns.Except(table.UsableColumns)];
        if (left.Length > 0)
        {
            notes.Add($"not usable, because not every row has a string or an integer there: {NearestName.List(left)}");
        }

        return notes;
    }

    private static string Describe(ColumnProfile[] profiles) => string.Join(
        "; ",
        profiles.Take(10).Select(static profile => FormattableString.Invariant($"'{profile.Column}': {profile.Distinct} different values in {profile.Rows} rows, {profile.MeanLength:0} characters on average")));
}
