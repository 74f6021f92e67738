using Sweeps.Data;
using Sweeps.Data.Facts;
using Sweeps.Data.Readers;
using Sweeps.Data.Splits;

namespace Sweeps.Tests.Data.Splits;

public sealed class ValidationSplitTests
{
    [Theory]
    [InlineData("How do I, LOCATE my card??", "how do i locate my card")]
    [InlineData("  how\tdo\ni   locate my card ", "how do i locate my card")]
    [InlineData("Cafe\u0301 42", "caf\u00E9 42")]
    [InlineData("हिन्दी में", "हिन्दी में")]
    [InlineData("東京", "東京")]
    [InlineData(" ?! ", "?!")]
    [InlineData("a\uFFFEb", "ab")]
    [InlineData("", "")]
    public void Normal_form(string text, string expected) => Assert.Equal(expected, NormalForm.Of(text));

    [Fact]
    public void Borders_between_fields_count() =>
        Assert.NotEqual(NormalForm.Of(["a b", "c"]), NormalForm.Of(["a", "b c"]));

    [Theory]
    [InlineData(1, .1)]
    [InlineData(2, .25)]
    [InlineData(3, .5)]
    [InlineData(4, .9)]
    [InlineData(5, .02)]
    public void Distinct_texts_give_each_class_its_share_to_the_row(int seed, double share)
    {
        Random random = new(seed);
        string[] texts = [.. Enumerable.Range(0, 700).Select(i => $"text {i} {random.Next()}")];
        int[] labels = [.. texts.Select(_ => Math.Min(random.Next(6), random.Next(6)))];

        bool[] chosen = ValidationSplit.Choose(texts, labels, share);

        foreach (int label in labels.Distinct())
        {
            int rows = labels.Count(value => value == label);
            int taken = Enumerable.Range(0, rows == 0 ? 0 : labels.Length).Count(i => labels[i] == label && chosen[i]);
            Assert.InRange(taken, Math.Max(1, (share * rows) - 1), Math.Min(rows - 1, (share * rows) + 1));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void The_order_of_rows_does_not_matter(int seed)
    {
        Random random = new(seed);
        string[] texts = [.. Enumerable.Range(0, 500).Select(_ => $"text {random.Next(200)}")];
        int[] labels = [.. texts.Select(_ => random.Next(4))];
        int[] order = [.. Enumerable.Range(0, texts.Length)];
        random.Shuffle(order);

        bool[] plain = ValidationSplit.Choose(texts, labels, .2);
        bool[] shuffled = ValidationSplit.Choose([.. order.Select(i => texts[i])], [.. order.Select(i => labels[i])], .2);

        Assert.Equal(order.Select(i => plain[i]), shuffled);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Equal_texts_stay_together_and_every_class_has_both_sides(int seed)
    {
        Random random = new(seed);
        int[] labels = [.. Enumerable.Range(0, 600).Select(_ => random.Next(5))];
        string[] texts = [.. labels.Select(label => $"class {label} text {random.Next(3 + (label * 10))}")];

        bool[] chosen = ValidationSplit.Choose(texts, labels, .1);

        foreach (IGrouping<string, int> group in Enumerable.Range(0, texts.Length).GroupBy(i => texts[i]))
        {
            Assert.Single(group.Select(i => chosen[i]).Distinct());
        }

        foreach (int label in Enumerable.Range(0, 5))
        {
            Assert.Equal(2, Enumerable.Range(0, texts.Length).Where(i => labels[i] == label).Select(i => chosen[i]).Distinct().Count());
        }
    }

    [Fact]
    public void A_class_with_one_text_is_for_training()
    {
        bool[] chosen = ValidationSplit.Choose(["a", "a", "b", "c", "d"], [0, 0, 1, 1, 1], .3);

        Assert.Equal([false, false], chosen[..2]);
        Assert.Single(chosen, true);
    }

    [Fact]
    public void A_table_is_divided_by_the_text_of_its_columns_in_the_order_of_the_file()
    {
        DataTable table = DataTable.FromRows("data.csv", ["id", "text", "label"], Enumerable.Range(0, 60).Select(i => new[] { $"{i}", $"Text, {i % 30}", $"{i % 2}" }));
        LabelSet labels = LabelSet.FromData(table, "label");

        (DataTable train, DataTable validation) = TrialSplits.Divide(table, labels, ["text"], "label", .2);

        Assert.Equal((48, 12), (train.Rows.Count, validation.Rows.Count));
        Assert.Equal(0, SplitOverlap.Count(train.Rows.Select(row => row["text"]), validation.Rows.Select(row => row["text"])));
        Assert.Equal(validation.Rows.Select(row => row.Line).Order(), validation.Rows.Select(row => row.Line));
        Assert.Equal("data.csv", validation.File);
    }

    [Fact]
    public void Another_salt_chooses_other_rows()
    {
        string[] texts = [.. Enumerable.Range(0, 300).Select(i => $"text {i}")];
        int[] labels = [.. texts.Select((_, i) => i % 3)];

        Assert.NotEqual(ValidationSplit.Choose(texts, labels), ValidationSplit.Choose(texts, labels, salt: "other"));
    }

    [Fact]
    public void An_impossible_share_or_split_is_refused()
    {
        Assert.Contains("share of 1 is not possible", Assert.Throws<DataException>(() => ValidationSplit.Choose(["a"], [0], 1)).Message, StringComparison.Ordinal);
        Assert.Contains("share of NaN", Assert.Throws<DataException>(() => ValidationSplit.Choose(["a"], [0], double.NaN)).Message, StringComparison.Ordinal);
        Assert.Contains("every class has a single text", Assert.Throws<DataException>(() => ValidationSplit.Choose(["a", "b"], [0, 1])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Banking77_splits_in_every_class_and_its_overlap_with_the_test_is_known()
    {
        DataTable train = DataReader.Read(SharedFiles.Require("data/banking77/train.csv"));
        DataTable test = DataReader.Read(SharedFiles.Require("data/banking77/test.csv"));
        string[] names = [.. train.Rows.Select(row => row["category"]).Distinct()];
        string[] texts = [.. train.Rows.Select(row => NormalForm.Of(row["text"]))];
        int[] labels = [.. train.Rows.Select(row => Array.IndexOf(names, row["category"]))];

        bool[] chosen = ValidationSplit.Choose(texts, labels);

        for (int label = 0; label < names.Length; label++)
        {
            int rows = labels.Count(value => value == label);
            int taken = labels.Index().Count(pair => pair.Item == label && chosen[pair.Index]);
            Assert.InRange(taken, (rows / 10.0) - 2, (rows / 10.0) + 2);
        }

        // 6 test texts equal a training text but for case and space; more do once punctuation is left out.
        Assert.InRange(SplitOverlap.Count(texts, test.Rows.Select(row => NormalForm.Of(row["text"]))), 6, 40);
        Assert.Equal(0, SplitOverlap.Count(
            texts.Where((_, i) => !chosen[i]),
            texts.Where((_, i) => chosen[i])));
    }
}
