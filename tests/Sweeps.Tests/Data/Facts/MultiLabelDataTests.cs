using System.Text;
using Sweeps.Core.Spec;
using Sweeps.Data;
using Sweeps.Data.Facts;
using Sweeps.Data.Readers;

namespace Sweeps.Tests.Data.Facts;

/// <summary>Rows with any number of labels, from files to indexes.</summary>
public sealed class MultiLabelDataTests
{
    private static readonly ReadOptions Options = ReadOptions.Of(new DataSettings { Labels = [], LabelColumn = "tags", LabelSeparator = "|" });

    [Fact]
    public void A_cell_holds_none_one_or_several_labels_in_any_order()
    {
        DataTable table = Csv("text,tags", "a,late|angry", "b,", "c, refund | late ", "d,angry");
        LabelSet labels = LabelSet.FromData(table, "tags", "|");

        Assert.Equal(["angry", "late", "refund"], labels.Names);
        Assert.Equal([[0, 1], [], [1, 2], [0]], table.Rows.Select(row => labels.IndexesOf(table, row, "tags")));
    }

    [Fact]
    public void Json_lines_hold_lists_texts_nothing_or_null()
    {
        DataTable table = Json(
            """{"text": "a", "tags": ["late", "angry"]}""",
            """{"text": "b", "tags": []}""",
            """{"text": "c", "tags": "refund|late"}""",
            """{"text": "d", "tags": null}""",
            """{"text": "e", "tags": ["refund"]}""");
        LabelSet labels = LabelSet.FromData(table, "tags", "|");

        Assert.Equal(["angry", "late", "refund"], labels.Names);
        Assert.Equal([[0, 1], [], [1, 2], [], [2]], table.Rows.Select(row => labels.IndexesOf(table, row, "tags")));
    }

    [Fact]
    public void Numbers_are_labels_in_the_order_of_their_values() =>
        Assert.Equal(["2", "10", "30"], LabelSet.FromData(Json("""{"text": "a", "tags": [30, 2]}""", """{"text": "b", "tags": ["10"]}"""), "tags", "|").Names);

    [Theory]
    [InlineData("late|late", "the label 'late' stands twice in 'tags'")]
    [InlineData("late| late", "the label 'late' stands twice in 'tags'")]
    [InlineData("late||angry", "'late||angry' in 'tags' has an empty label")]
    [InlineData("late|", "Write '|' only between two labels")]
    public void A_cell_that_makes_no_sense_is_named_with_its_line(string cell, string says)
    {
        DataTable table = Csv("text,tags", "a,late|angry", $"b,{cell}");

        DataException e = Assert.Throws<DataException>(() => LabelSet.FromData(table, "tags", "|"));
        Assert.Equal(3, e.Line);
        Assert.Contains(says, e.Message, StringComparison.Ordinal);
        Assert.Equal(3, Assert.Throws<DataException>(() => LabelSet.Declared(["late", "angry"], "|").IndexesOf(table, table.Rows[1], "tags")).Line);
    }

    [Theory]
    [InlineData("""["late", true]""", "holds something that is no label: true")]
    [InlineData("""["late", " "]""", "holds an empty label")]
    [InlineData("""["late|angry"]""", "the label 'late|angry' holds the label_separator '|'")]
    [InlineData("""[["late"]]""", "holds something that is no label: array")]
    public void A_list_that_is_none_of_labels_is_named_with_its_line(string list, string says)
    {
        DataException e = Assert.Throws<DataException>(() => Json("""{"text": "a", "tags": ["late"]}""", $$"""{"text": "b", "tags": {{list}}}"""));

        Assert.Equal(2, e.Line);
        Assert.Contains(says, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_list_without_a_separator_in_the_spec_is_refused_and_the_key_named()
    {
        using MemoryStream stream = new(Encoding.UTF8.GetBytes("""{"text": "a", "tags": ["late"]}"""));
        DataTable table = DataReader.Read(stream, "rows.jsonl");

        DataException e = Assert.Throws<DataException>(() => LabelSet.FromData(table, "tags"));
        Assert.Equal(1, e.Line);
        Assert.Contains("'tags' is a list here; lists of labels are read where data.label_separator is given", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Labels_that_are_not_known_are_named_with_line_and_nearest()
    {
        DataTable other = Csv("text,tags", "a,late", "b,late|refnd");
        LabelSet labels = LabelSet.FromData(Csv("text,tags", "a,late|angry", "b,refund"), "tags", "|");

        DataException e = Assert.Throws<DataException>(() => DataChecker.Check(other, "validation", ["text"], "tags", labels));
        Assert.Equal(3, e.Line);
        Assert.Contains("the label 'refnd' does not occur in the training rows", e.Message, StringComparison.Ordinal);
        Assert.Contains("Did you mean 'refund'?", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a,", "no row has a label in 'tags'")]
    [InlineData("a,late;angry", "'late;angry' is the only label in 'tags'")]
    public void Too_few_labels_are_refused(string row, string says) =>
        Assert.Contains(says, Assert.Throws<DataException>(() => LabelSet.FromData(Csv("text,tags", row), "tags", "|")).Message, StringComparison.Ordinal);

    [Fact]
    public void Rows_are_counted_for_every_label_they_have()
    {
        DataTable table = Csv("text,tags", "a,late|angry", "b,late", "c,late|refund", "d,late", "e,late");
        DataFacts facts = DataChecker.CheckTrain(table, ["text"], "tags", LabelSet.FromData(table, "tags", "|"));

        Assert.Equal([1, 5, 1], facts.RowsPerLabel);
        Assert.Equal(0, facts.RowsWithoutLabel);
        Assert.Contains("every training row has the label 'late'", Assert.Single(facts.Warnings), StringComparison.Ordinal);
        DataTable more = Csv("text,tags", "a,late|angry", "b,", "c,refund", "d,");
        Assert.Equal(2, DataChecker.CheckTrain(more, ["text"], "tags", LabelSet.FromData(more, "tags", "|")).RowsWithoutLabel);
        Assert.Contains(
            "no training row has the label 'other'",
            Assert.Throws<DataException>(() => DataChecker.CheckTrain(more, ["text"], "tags", LabelSet.Declared(["late", "angry", "refund", "other"], "|"))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Predictions_made_elsewhere_are_sets_too()
    {
        LabelSet labels = LabelSet.Declared(["late", "angry"], "|");
        DataTable truth = Csv("text,tags", "a,late|angry", "b,", "c,angry");
        using MemoryStream stream = new(Encoding.UTF8.GetBytes("""
            {"prediction": ["angry", "late"]}
            {"prediction": []}
            {"prediction": ["late"]}
            """));
        DataTable predictions = DataReader.Read(stream, "theirs.jsonl", ExternalPredictions.Options(labels));

        var metrics = ExternalPredictions.Score(predictions, truth, labels, "tags");

        Assert.Equal(2.0 / 3, metrics.Accuracy, 12);
        Assert.Equal([2.0 / 3, 2.0 / 3], metrics.F1);
        Assert.Equal(2.0 / 3, metrics.MicroF1, 12);
    }

    private static DataTable Csv(params string[] lines) => Read("rows.csv", lines);

    private static DataTable Json(params string[] lines) => Read("rows.jsonl", lines);

    private static DataTable Read(string name, string[] lines)
    {
        using MemoryStream stream = new(Encoding.UTF8.GetBytes(string.Join('\n', lines) + "\n"));
        return DataReader.Read(stream, name, Options);
    }
}
