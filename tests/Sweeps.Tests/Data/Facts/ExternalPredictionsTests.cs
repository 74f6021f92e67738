using Sweeps.Data;
using Sweeps.Data.Facts;
using Sweeps.Data.Readers;
using Xunit;

namespace Sweeps.Tests.Data.Facts;

public sealed class ExternalPredictionsTests
{
    private static readonly LabelSet Labels = LabelSet.Declared(["no", "yes"]);
    private static readonly DataTable Truth = DataTable.FromRows("test.csv", ["text", "label"], [["a", "no"], ["b", "yes"], ["c", "yes"]]);

    [Fact]
    public void Predictions_are_compared_row_by_row()
    {
        var metrics = ExternalPredictions.Score(Predicted("no", "yes", "no"), Truth, Labels, "label");

        Assert.Equal(2.0 / 3, metrics.Accuracy, 12);
        Assert.Equal(2.0 / 3, metrics.MacroF1, 12);
    }

    [Theory]
    [InlineData("no yes", "there are 2 predictions for the 3 rows")]
    [InlineData("no yes yse", "the label 'yse' is not among the declared labels")]
    public void What_does_not_fit_is_named(string predictions, string says)
    {
        var error = Assert.Throws<DataException>(() => ExternalPredictions.Score(Predicted(predictions.Split(' ')), Truth, Labels, "label"));

        Assert.Contains(says, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    public void An_empty_prediction_names_no_label_and_is_wrong(string none)
    {
        var metrics = ExternalPredictions.Score(Predicted("no", "yes", none), Truth, Labels, "label");

        Assert.Equal(2.0 / 3, metrics.Accuracy, 12);
        // A miss for the label that the row has, and a false hit for none: scikit-learn's 1 and 2/3.
        Assert.Equal([1, 2.0 / 3], metrics.F1);
    }

    [Fact]
    public void Predictions_written_as_CSV_with_an_empty_one_are_read_back()
    {
        var folder = Directory.CreateTempSubdirectory("sweeps-predictions-");
        try
        {
            var file = Path.Combine(folder.FullName, "theirs.csv");
            File.WriteAllText(file, "prediction\nno\n\"\"\nyes\n");

            Assert.Equal(2.0 / 3, ExternalPredictions.Score(DataReader.Read(file, ExternalPredictions.Options(Labels)), Truth, Labels, "label").Accuracy, 12);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void The_column_is_needed() =>
        Assert.Throws<DataException>(() => ExternalPredictions.Score(Truth, Truth, Labels, "label"));

    private static DataTable Predicted(params string[] labels) =>
        DataTable.FromRows("theirs.csv", [ExternalPredictions.Column], [.. labels.Select(label => (string[])[label])]);
}
