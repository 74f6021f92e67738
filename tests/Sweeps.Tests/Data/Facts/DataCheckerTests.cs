using Sweeps.Data;
using Sweeps.Data.Facts;
using Sweeps.Data.Readers;

namespace Sweeps.Tests.Data.Facts;

public sealed class DataCheckerTests
{
    private static readonly string[] Text = ["text"];

    [Fact]
    public void Integer_labels_sort_by_value_texts_by_ordinal()
    {
        Assert.Equal(["-1", "2", "10"], LabelSet.FromData(Table(("a", "10"), ("b", "2"), ("c", "-1")), "label").Names);
        Assert.Equal(["10", "2", "x"], LabelSet.FromData(Table(("a", "10"), ("b", "2"), ("c", "x")), "label").Names);
        Assert.Equal(["B", "a"], LabelSet.FromData(Table(("a", "a"), ("b", "B")), "label").Names);
    }

    [Fact]
    public void Facts_count_classes_and_characters()
    {
        DataTable table = Table([.. Enumerable.Range(1, 100).Select(i => (new string('x', i), i <= 30 ? "no" : "yes"))]);

        DataFacts facts = DataChecker.CheckTrain(table, Text, "label", LabelSet.FromData(table, "label"));

        Assert.Equal(100, facts.Rows);
        Assert.Equal(["no", "yes"], facts.Labels);
        Assert.Equal([30, 70], facts.RowsPerLabel);
        Assert.Equal(new CharacterFacts(50, 95, 100), facts.Characters);
        Assert.Equal(["text", "label"], facts.Columns);
        Assert.Empty(facts.Warnings);
    }

    [Fact]
    public void One_class_only_is_refused() =>
        Assert.Contains("every row has the label 'x'", Assert.Throws<DataException>(() => LabelSet.FromData(Table(("a", "x"), ("b", "x")), "label")).Message, StringComparison.Ordinal);

    [Fact]
    public void An_empty_split_is_refused()
    {
        DataTable table = DataTable.FromRows("valid.csv", ["text", "label"], []);

        Assert.Equal(
            "valid.csv: the validation split has no rows. Add examples, or choose another file or share.",
            Assert.Throws<DataException>(() => DataChecker.Check(table, "validation", Text, "label", LabelSet.Declared(["x", "y"]))).Message);
        Assert.Contains("there are no rows", Assert.Throws<DataException>(() => LabelSet.FromData(table, "label")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_label_out_of_the_set_names_its_line_and_the_nearest()
    {
        DataTable table = Table(("a", "under"), ("b", "ovr"));

        DataException e = Assert.Throws<DataException>(() => DataChecker.Check(table, "test", Text, "label", LabelSet.Declared(["under", "over"])));

        Assert.Equal("data.csv:2: the label 'ovr' is not among the declared labels. Did you mean 'over'? The labels are 'under', 'over'.", e.Message);
    }

    [Fact]
    public void A_class_without_training_rows_is_refused()
    {
        DataTable table = Table(("a", "x"), ("b", "y"));

        Assert.Contains("no training row has the label 'z'", Assert.Throws<DataException>(
            () => DataChecker.CheckTrain(table, Text, "label", LabelSet.Declared(["x", "y", "z"]))).Message, StringComparison.Ordinal);
        Assert.Equal([1, 1, 0], DataChecker.Check(table, "test", Text, "label", LabelSet.Declared(["x", "y", "z"])).RowsPerLabel);
    }

    [Fact]
    public void Empty_texts_warn_and_only_empty_texts_are_refused()
    {
        LabelSet labels = LabelSet.Declared(["x", "y"]);

        DataFacts facts = DataChecker.CheckTrain(Table(("a", "x"), (" ", "y"), ("", "x")), Text, "label", labels);

        Assert.StartsWith("data.csv:2: 'text' is empty here and in 1 more rows", Assert.Single(facts.Warnings), StringComparison.Ordinal);
        Assert.Contains("'text' is empty in every row", Assert.Throws<DataException>(
            () => DataChecker.CheckTrain(Table(("", "x"), (" ", "y")), Text, "label", labels)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_label_and_a_label_in_the_text_are_refused()
    {
        Assert.Equal(2, Assert.Throws<DataException>(() => LabelSet.FromData(Table(("a", "x"), ("b", " ")), "label")).Line);
        Assert.Contains("would read the answer", Assert.Throws<DataException>(
            () => DataChecker.Check(Table(("a", "x")), "test", ["text", "label"], "label", LabelSet.Declared(["x", "y"]))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Labels_that_look_alike_warn()
    {
        DataTable table = Table(("a", "Card"), ("b", "card"), ("c", "card "), ("d", "other"));

        DataFacts facts = DataChecker.CheckTrain(table, Text, "label", LabelSet.FromData(table, "label"));

        Assert.Contains("'Card', 'card', 'card '", Assert.Single(facts.Warnings), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("x")]
    [InlineData("x,x")]
    [InlineData("x,")]
    public void Declared_labels_are_checked(string names) =>
        Assert.Throws<DataException>(() => LabelSet.Declared(names.Split(',')));

    private static DataTable Table(params (string Text, string Label)[] rows) =>
        DataTable.FromRows("data.csv", ["text", "label"], rows.Select(row => new[] { row.Text, row.Label }));
}
