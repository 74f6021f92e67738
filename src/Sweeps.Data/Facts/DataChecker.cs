using Sweeps.Core.Spec;
using Sweeps.Data.Readers;

namespace Sweeps.Data.Facts;

/// <summary>Checks the splits of a data set against its labels and gathers their facts.</summary>
public static class DataChecker
{
    /// <summary>Checks the training rows: they have rows, at least two classes, every class of the set, and texts.</summary>
    /// <exception cref="DataException">Any of these fails.</exception>
    public static DataFacts CheckTrain(DataTable train, IReadOnlyList<string> textColumns, string labelColumn, LabelSet labels)
    {
        DataFacts facts = Check(train, "training", textColumns, labelColumn, labels);
        string[] missing = [.. labels.Names.Where((_, index) => facts.RowsPerLabel[index] == 0)];
        if (missing.Length > 0)
        {
            throw new DataException(
                train.File,
                null,
                $"no training row has the label{(missing.Length == 1 ? "" : "s")} {NearestName.List(missing)}",
                "Add examples, or take the label out of the declared ones");
        }

        return facts with { Warnings = [.. facts.Warnings, .. LookAlikes(labels), .. OfEveryRow(facts, labels)] };
    }

    /// <summary>Checks another split (validation, test): it has rows, texts, and only labels of the set.</summary>
    /// <param name="table">The rows.</param>
    /// <param name="splitName">What messages call the split, as in "validation".</param>
    /// <param name="textColumns">The columns that the template uses.</param>
    /// <param name="labelColumn">The column that holds the label.</param>
    /// <param name="labels">The labels allowed.</param>
    /// <exception cref="DataException">Any of these fails.</exception>
    public static DataFacts Check(
        DataTable table,
        string splitName,
        IReadOnlyList<string> textColumns,
        string labelColumn,
        LabelSet labels)
    {
        if (table.Rows.Count == 0)
        {
            throw new DataException(table.File, null, $"the {splitName} split has no rows", "Add examples, or choose another file or share");
        }

        table.Require(labelColumn);
        int[] columns = [.. textColumns.Select(table.Require)];
        if (textColumns.Contains(labelColumn))
        {
            throw new DataException(table.File, null, $"the label column '{labelColumn}' is part of the text", "The model would read the answer: take it out of the template");
        }

        int[] perLabel = new int[labels.Count];
        int[] lengths = new int[table.Rows.Count];
        int withoutLabel = 0;
        (int Count, int Line) empty = default;
        for (int i = 0; i < lengths.Length; i++)
        {
            Row row = table.Rows[i];
            int[] own = labels.IndexesOf(table, row, labelColumn);
            withoutLabel += own.Length == 0 ? 1 : 0;
            foreach (int label in own)
            {
                perLabel[label]++;
            }

            bool blank = columns.Length > 0;
            foreach (int column in columns)
            {
                lengths[i] += row[column].Length;
                blank &= string.IsNullOrWhiteSpace(row[column]);
            }

            empty = blank ? (empty.Count + 1, empty.Count == 0 ? row.Line : empty.Line) : empty;
        }

        string named = textColumns.Count == 1 ? $"'{textColumns[0]}' is" : $"{NearestName.List(textColumns)} are";
        if (empty.Count == table.Rows.Count)
        {
            throw new DataException(table.File, empty.Line, $"{named} empty in every row", "Choose the columns that hold the text");
        }

        Array.Sort(lengths);
        return new DataFacts
        {
            File = table.File,
            Rows = table.Rows.Count,
            Columns = table.Columns,
            TextColumns = textColumns,
            LabelColumn = labelColumn,
            Labels = labels.Names,
            RowsPerLabel = perLabel,
            RowsWithoutLabel = withoutLabel,
            Characters = new CharacterFacts(Percentile(lengths, 50), Percentile(lengths, 95), lengths[^1]),
            Warnings = empty.Count == 0 ? [] : [$"{table.File}:{empty.Line}: {named} empty here{(empty.Count == 1 ? "" : $" and in {empty.Count - 1:N0} more rows")}; the model learns nothing from such a row"],
        };
    }

    /// <summary>The nearest-rank percentile of sorted values.</summary>
    private static int Percentile(int[] sorted, int percent) => sorted[((sorted.Length * (long)percent) + 99) / 100 - 1];

    /// <summary>Only where rows have any number of labels: elsewhere such a set has no second class.</summary>
    private static IEnumerable<string> OfEveryRow(DataFacts facts, LabelSet labels) =>
        labels.Separator is null
            ? []
            : labels.Names.Where((_, index) => facts.RowsPerLabel[index] == facts.Rows)
                .Select(static name => $"every training row has the label '{name}': there is nothing to learn about it");

    private static IEnumerable<string> LookAlikes(LabelSet labels) =>
        labels.Names
            .GroupBy(static name => name.Trim().ToLowerInvariant(), StringComparer.Ordinal)
            .Where(static group => group.Count() > 1)
            .Select(static group => $"the labels {NearestName.List(group)} differ only in case or spaces around them and count as different classes");
}
