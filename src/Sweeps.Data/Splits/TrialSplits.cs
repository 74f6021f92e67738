using Sweeps.Data.Facts;
using Sweeps.Data.Readers;

namespace Sweeps.Data.Splits;

/// <summary>Which rows of the pinned files a trial trains on, validates on and is tested on: functions of their content alone.</summary>
public static class TrialSplits
{
    private const string LimitSalt = "max_rows";

    /// <summary>
    /// Takes a share of the training rows for validation, by <see cref="ValidationSplit"/> or, where rows have any number of
    /// labels, <see cref="MultiLabelSplit"/>; both keep the file's order.
    /// </summary>
    /// <param name="table">The training file.</param>
    /// <param name="labels">Its labels.</param>
    /// <param name="textColumns">The columns that the template uses.</param>
    /// <param name="labelColumn">The column that holds the label.</param>
    /// <param name="share">Share of each class, above 0 and below 1.</param>
    /// <exception cref="DataException">A column is missing, a label is not in the set, or no row could be taken.</exception>
    public static (DataTable Train, DataTable Validation) Divide(
        DataTable table, LabelSet labels, IReadOnlyList<string> textColumns, string labelColumn, double share)
    {
        string[] forms = Forms(table, textColumns);
        int[][] sets = LabelsOf(table, labels, labelColumn);
        bool[] chosen = labels.Separator is null
            ? ValidationSplit.Choose(forms, [.. sets.Select(static set => set[0])], share)
            : MultiLabelSplit.Choose(forms, sets, share);
        return (
            table.WithRows(table.Rows.Where((_, row) => !chosen[row])),
            table.WithRows(table.Rows.Where((_, row) => chosen[row])));
    }

    /// <summary>
    /// At most <paramref name="maxRows"/> rows (0: all), the same share of every class, the first by a hash of their
    /// content; they keep the file's order.
    /// </summary>
    /// <exception cref="DataException">A column is missing or a label is not in the set.</exception>
    public static DataTable Limit(
        DataTable table, LabelSet labels, IReadOnlyList<string> textColumns, string labelColumn, int maxRows)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxRows);
        if (maxRows == 0 || table.Rows.Count <= maxRows)
        {
            return table;
        }

        string[] forms = Forms(table, textColumns);
        int[][] sets = LabelsOf(table, labels, labelColumn);
        bool[] kept = labels.Separator is null
            ? OfEachClass(forms, [.. sets.Select(static set => set[0])], labels.Count, maxRows)
            : OfAllLabels(forms, sets, maxRows);
        return table.WithRows(table.Rows.Where((_, row) => kept[row]));
    }

    /// <summary>How many rows of another split the training rows hold too, by <see cref="NormalForm"/>.</summary>
    public static int Overlap(DataTable train, DataTable other, IReadOnlyList<string> textColumns) =>
        SplitOverlap.Count(Forms(train, textColumns), Forms(other, textColumns));

    private static string[] Forms(DataTable table, IReadOnlyList<string> textColumns)
    {
        int[] columns = [.. textColumns.Select(table.Require)];
        return [.. table.Rows.Select(row => NormalForm.Of(columns.Select(column => row[column])))];
    }

    private static int[][] LabelsOf(DataTable table, LabelSet labels, string labelColumn)
    {
        table.Require(labelColumn);
        return [.. table.Rows.Select(row => labels.IndexesOf(table, row, labelColumn))];
    }

    /// <summary>The same share of every class, the first of each by the hash.</summary>
    private static bool[] OfEachClass(string[] forms, int[] classes, int classCount, int maxRows)
    {
        int[][] byClass = [.. Enumerable.Range(0, classCount).Select(label => (int[])[..
            Enumerable.Range(0, forms.Length).Where(row => classes[row] == label)
                .OrderBy(row => NormalForm.Hash(LimitSalt, forms[row])).ThenBy(static row => row)])];
        double[] exact = [.. byClass.Select(rows => (double)rows.Length * maxRows / forms.Length)];
        int[] counts = [.. exact.Select(static value => (int)value)];
        foreach (int label in Enumerable.Range(0, counts.Length).OrderByDescending(label => exact[label] - counts[label]).Take(maxRows - counts.Sum()))
        {
            counts[label]++;
        }

        bool[] kept = new bool[forms.Length];
        for (int label = 0; label < counts.Length; label++)
        {
            foreach (int row in byClass[label].Take(counts[label]))
            {
                kept[row] = true;
            }
        }

        return kept;
    }

    /// <summary>As a validation split of that size would be chosen, then by the hash up or down to the number.</summary>
    private static bool[] OfAllLabels(string[] forms, int[][] sets, int maxRows)
    {
        bool[] chosen = MultiLabelSplit.Take(forms, sets, (double)maxRows / forms.Length, LimitSalt);
        bool[] kept = new bool[forms.Length];
        foreach (int row in Enumerable.Range(0, forms.Length)
            .OrderByDescending(row => chosen[row]).ThenBy(row => NormalForm.Hash(LimitSalt, forms[row])).ThenBy(static row => row).Take(maxRows))
        {
            kept[row] = true;
        }

        return kept;
    }
}
