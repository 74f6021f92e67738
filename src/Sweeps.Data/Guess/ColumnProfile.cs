using Sweeps.Data.Readers;

namespace Sweeps.Data.Guess;

/// <summary>What a column looks like.</summary>
/// <param name="Column">Its name.</param>
/// <param name="Index">Its place.</param>
/// <param name="IsLast">Whether it is the last.</param>
/// <param name="Rows">Rows.</param>
/// <param name="Distinct">Different values, counted up to one more than a label may have.</param>
/// <param name="Empty">Rows without a value.</param>
/// <param name="MeanLength">Characters on average.</param>
/// <param name="Letters">Share of letters among the characters.</param>
internal sealed record ColumnProfile(string Column, int Index, bool IsLast, int Rows, int Distinct, int Empty, double MeanLength, double Letters)
{
    public static ColumnProfile Of(DataTable table, string column)
    {
        int index = table.Require(column);
        HashSet<string> values = new(StringComparer.Ordinal);
        long characters = 0, letters = 0;
        int empty = 0;
        foreach (Row row in table.Rows)
        {
            string value = row[index];
            empty += string.IsNullOrWhiteSpace(value) ? 1 : 0;
            characters += value.Length;
            foreach (char c in value)
            {
                letters += char.IsLetter(c) || char.IsSurrogate(c) ? 1 : 0;
            }

            if (values.Count <= DataGuesser.MaxClasses)
            {
                values.Add(value);
            }
        }

        int rows = table.Rows.Count;
        return new ColumnProfile(
            column,
            index,
            index == table.Columns.Count - 1,
            rows,
            values.Count,
            empty,
            (double)characters / rows,
            characters == 0 ? 0 : (double)letters / characters);
    }
}
