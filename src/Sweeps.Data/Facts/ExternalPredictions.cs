using Sweeps.Data.Metrics;
using Sweeps.Data.Readers;

namespace Sweeps.Data.Facts;

/// <summary>Predictions that were made elsewhere, compared with the labels of the rows that they are about.</summary>
public static class ExternalPredictions
{
    /// <summary>Column of the predicted label.</summary>
    public const string Column = "prediction";

    /// <summary>How such a file is read: CSV, or JSON Lines with lists where rows have any number of labels.</summary>
    public static ReadOptions Options(LabelSet labels) =>
        ReadOptions.Default with { Lists = labels.Separator is { } separator ? new LabelLists(Column, separator) : null };

    /// <summary>Scores a file of predictions.</summary>
    /// <param name="predictions">One row for each row of <paramref name="truth"/>, in the same order, with a column <see cref="Column"/>; an empty cell names no label, as free text that is none.</param>
    /// <param name="truth">The rows that were predicted.</param>
    /// <param name="labels">The labels.</param>
    /// <param name="labelColumn">Column of the label in <paramref name="truth"/>.</param>
    /// <exception cref="DataException">The column is missing, a prediction is no label, or there are not as many rows.</exception>
    public static ClassificationMetrics Score(DataTable predictions, DataTable truth, LabelSet labels, string labelColumn)
    {
        predictions.Require(Column);
        if (predictions.Rows.Count != truth.Rows.Count)
        {
            throw new DataException(
                predictions.File,
                null,
                $"there are {predictions.Rows.Count} predictions for the {truth.Rows.Count} rows of {truth.File}",
                "Give one prediction for each row, in the order of that file");
        }

        return ClassificationMetrics.Of(
            [.. truth.Rows.Select(row => labels.IndexesOf(truth, row, labelColumn))],
            [.. predictions.Rows.Select(row => string.IsNullOrWhiteSpace(row[Column]) ? [] : labels.IndexesOf(predictions, row, Column))],
            labels.Count);
    }
}
