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

    [Fact]
    public void The_column_is_needed() =>
        Assert.Throws<DataException>(() => ExternalPredictions.Score(Truth, Truth, Labels, "label"));

    private static DataTable Predicted(params string[] labels) =>
        DataTable.FromRows("theirs.csv", [ExternalPredictions.Column], [.. labels.Select(label => (string[])[label])]);
}
