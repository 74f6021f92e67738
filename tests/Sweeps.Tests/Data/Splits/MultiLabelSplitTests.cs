using Sweeps.Data;
using Sweeps.Data.Facts;
using Sweeps.Data.Readers;
using Sweeps.Data.Splits;

namespace Sweeps.Tests.Data.Splits;

/// <summary>Validation shares of rows with any number of labels.</summary>
public sealed class MultiLabelSplitTests
{
    /// <summary>How likely each of seven labels is; the rarest has a handful of rows.</summary>
    private static readonly double[] Likely = [.6, .4, .25, .15, .08, .03, .012];

    [Theory]
    [InlineData(1, .1)]
    [InlineData(2, .25)]
    [InlineData(3, .5)]
    [InlineData(4, .8)]
    [InlineData(5, .02)]
    public void Every_label_comes_near_its_share_and_to_both_sides(int seed, double share)
    {
        (string[] texts, int[][] labels) = Rows(seed, 700, int.MaxValue);

        bool[] chosen = MultiLabelSplit.Choose(texts, labels, share);

        Assert.InRange(chosen.Count(true), (share * 700) - 15, (share * 700) + 15);
        for (int label = 0; label < Likely.Length; label++)
        {
            int rows = labels.Count(own => own.Contains(label));
            int taken = Enumerable.Range(0, texts.Length).Count(i => chosen[i] && labels[i].Contains(label));
            Assert.InRange(taken, Math.Max(1, (share * rows) - 3), Math.Min(rows - 1, (share * rows) + 3));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void The_order_of_rows_does_not_matter_and_equal_texts_stay_together(int seed)
    {
        (string[] texts, int[][] labels) = Rows(seed, 500, 200);
        int[] order = [.. Enumerable.Range(0, texts.Length)];
        new Random(seed).Shuffle(order);

        bool[] plain = MultiLabelSplit.Choose(texts, labels, .2);
        bool[] shuffled = MultiLabelSplit.Choose([.. order.Select(i => texts[i])], [.. order.Select(i => labels[i])], .2);

        Assert.Equal(order.Select(i => plain[i]), shuffled);
        Assert.All(
            Enumerable.Range(0, texts.Length).GroupBy(i => texts[i]),
            group => Assert.Single(group.Select(i => plain[i]).Distinct()));
        Assert.NotEqual(plain, MultiLabelSplit.Choose(texts, labels, .2, salt: "other"));
    }

    [Fact]
    public void A_label_with_one_text_is_for_training_and_two_texts_are_divided()
    {
        for (int round = 0; round < 50; round++)
        {
            string[] texts = [.. Enumerable.Range(0, 20).Select(i => $"text {round} {i}")];
            int[][] labels = [.. Enumerable.Range(0, 20).Select(i => i switch { 0 => [2, 0], 1 or 2 => [1, 0], _ => (int[])[0] })];

            bool[] chosen = MultiLabelSplit.Choose(texts, labels, .1);

            Assert.False(chosen[0]);
            Assert.True(chosen[1] ^ chosen[2]);
            Assert.InRange(chosen.Count(true), 1, 3);
        }
    }

    [Fact]
    public void Rows_without_a_label_are_shared_out_too()
    {
        string[] texts = [.. Enumerable.Range(0, 100).Select(i => $"text {i}")];
        int[][] labels = [.. Enumerable.Range(0, 100).Select(i => i < 40 ? (int[])[] : [i % 2])];

        bool[] chosen = MultiLabelSplit.Choose(texts, labels, .2);

        Assert.Equal((8, 20), (chosen.Take(40).Count(static taken => taken), chosen.Count(true)));
    }

    [Fact]
    public void What_cannot_be_divided_is_refused()
    {
        Assert.Contains("share of 1 is not possible", Assert.Throws<DataException>(() => MultiLabelSplit.Choose(["a"], [[0]], 1)).Message, StringComparison.Ordinal);
        Assert.Contains("every label has a single text", Assert.Throws<DataException>(() => MultiLabelSplit.Choose(["a", "b"], [[0], [1]])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(30)]
    [InlineData(100)]
    [InlineData(399)]
    public void Limited_rows_keep_the_number_and_the_common_labels_and_the_order(int most)
    {
        (string[] texts, int[][] labels) = Rows(7, 400, int.MaxValue);
        DataTable table = DataTable.FromRows("data.csv", ["text", "tags"], texts.Zip(labels, (text, own) => new[] { text, string.Join(';', own) }));
        LabelSet set = LabelSet.FromData(table, "tags", ";");

        DataTable limited = TrialSplits.Limit(table, set, ["text"], "tags", most);
        (DataTable train, DataTable validation) = TrialSplits.Divide(table, set, ["text"], "tags", .2);

        Assert.Equal(most, limited.Rows.Count);
        Assert.Equal(limited.Rows.Select(row => row.Line).Order(), limited.Rows.Select(row => row.Line));
        double share = most / 400.0;
        for (int label = 0; label < 4; label++)
        {
            int rows = labels.Count(own => own.Contains(label));
            int taken = limited.Rows.Count(row => set.IndexesOf(limited, row, "tags").Contains(label));
            Assert.InRange(taken, (share * rows) - 5, (share * rows) + 5);
        }

        Assert.Equal(400, train.Rows.Count + validation.Rows.Count);
        Assert.InRange(validation.Rows.Count, 72, 88);
    }

    private static (string[] Texts, int[][] Labels) Rows(int seed, int count, int different)
    {
        Random random = new(seed);
        string[] texts = [.. Enumerable.Range(0, count).Select(i => different == int.MaxValue ? $"text {i} {random.Next()}" : $"text {random.Next(different)}")];
        return (texts, [.. texts.Select(_ => Enumerable.Range(0, Likely.Length).Where(label => random.NextDouble() < Likely[label]).ToArray())]);
    }
}
