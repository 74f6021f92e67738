using Sweeps.Data;
using Sweeps.Data.Campaigns;
using Sweeps.Data.Guess;
using Sweeps.Data.Readers;

namespace Sweeps.Tests.Data.Guess;

public sealed class DataGuesserTests
{
    [Fact]
    public void Text_and_label_are_found_whatever_their_order()
    {
        DataGuess guess = DataGuesser.Guess(Table(["intent", "id", "utterance"], i => [i % 3 == 0 ? "card" : "cash", $"{i}", $"where is my thing number {i}"]));

        Assert.Equal("intent", guess.LabelColumn);
        Assert.Equal(["utterance"], guess.TextColumns);
        Assert.Equal("{utterance}", guess.Template);
        Assert.Equal(["card", "cash"], guess.Facts.Labels);
        Assert.Empty(guess.OtherLabelColumns);
    }

    [Fact]
    public void Without_a_telling_name_few_values_make_the_label_and_the_choice_is_told()
    {
        DataGuess guess = DataGuesser.Guess(Table(["a", "b", "c"], i => [$"some words {i} here", $"{i % 20}", $"{i % 2}"]));

        Assert.Equal("c", guess.LabelColumn);
        Assert.Equal(["b"], guess.OtherLabelColumns);
        Assert.Contains(guess.Notes, note => note == "it could also be 'b'");
    }

    [Fact]
    public void A_named_label_that_is_empty_somewhere_may_be_one_of_several()
    {
        var table = Table(["text", "tags"], i => [$"some words {i} here", i % 3 == 0 ? "" : $"{i % 2}"]);

        var error = Assert.Throws<DataException>(() => DataGuesser.Guess(table, "tags"));

        Assert.Contains("the label in 'tags' is empty. Fill it in or remove the row, or, if rows may have several labels or none, set data.label_separator", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_person_names_is_taken()
    {
        DataTable table = Table(["a", "b", "c"], i => [$"some words {i} here", $"{i % 20}", $"{i % 2}"]);

        DataGuess guess = DataGuesser.Guess(table, "b", ["c", "a"]);

        Assert.Equal("b", guess.LabelColumn);
        Assert.Equal(["a", "c"], guess.TextColumns);
        Assert.Equal("a: {a}\nc: {c}", guess.Template);
        Assert.Equal(20, guess.Facts.Labels.Count);
        Assert.Contains("Did you mean", Assert.Throws<DataException>(() => DataGuesser.Guess(table, "B")).Message, StringComparison.Ordinal);
        Assert.Contains("--text COLUMN", Assert.Throws<DataException>(() => DataGuesser.Guess(table, "b", ["b"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Several_text_columns_make_a_template_of_several_lines()
    {
        DataGuess guess = DataGuesser.Guess(Table(["title", "body", "label"], i => [$"title {i}", $"a much longer body of text, {i}", $"{i % 2}"]));

        Assert.Equal(["title", "body"], guess.TextColumns);
        Assert.Equal("title: {title}\nbody: {body}", guess.Template);
    }

    [Fact]
    public void Campaigns_are_guessed()
    {
        DataGuess guess = DataGuesser.Guess(CampaignGenerator.Generate(CampaignPreset.V25, seed: 1, 300, 60, 60).Train);

        Assert.Equal(("label", "{text}"), (guess.LabelColumn, guess.Template));
        Assert.Equal(["Average", "Over", "Under"], guess.Facts.Labels);
    }

    [Fact]
    public void Banking77_is_guessed()
    {
        DataGuess guess = DataGuesser.Guess(DataReader.Read(SharedFiles.Require("data/banking77/train.csv")));

        Assert.Equal(("category", "{text}"), (guess.LabelColumn, guess.Template));
        Assert.Equal(77, guess.Facts.Labels.Count);
        Assert.Equal((35, 187), (guess.Facts.RowsPerLabel.Min(), guess.Facts.RowsPerLabel.Max()));
        Assert.Equal(433, guess.Facts.Characters.Max);
    }

    [Fact]
    public void A_file_without_a_header_is_noticed()
    {
        DataTable table = Table(["My favourite food is anything I did not have to cook", "27"], i => [$"a sentence of some length about food {i}", $"{i % 3}"]);

        Assert.Contains(DataGuesser.Guess(table).Notes, note => note.StartsWith("check the first line", StringComparison.Ordinal));
    }

    [Fact]
    public void A_file_without_label_or_text_says_what_the_columns_look_like()
    {
        Assert.Contains("no column looks like a label", Assert.Throws<DataException>(
            () => DataGuesser.Guess(Table(["id", "text"], i => [$"{i}", $"text {i}"]))).Message, StringComparison.Ordinal);
        DataException e = Assert.Throws<DataException>(() => DataGuesser.Guess(Table(["n", "label"], i => [$"{i}", $"{i % 2}"])));
        Assert.Contains("'n': 40 different values in 40 rows, 2 characters on average", e.Message, StringComparison.Ordinal);
        Assert.Contains("there are no rows", Assert.Throws<DataException>(() => DataGuesser.Guess(DataTable.FromRows("x.csv", ["a"], []))).Message, StringComparison.Ordinal);
    }

    private static DataTable Table(string[] columns, Func<int, string[]> row) =>
        DataTable.FromRows("data.csv", columns, Enumerable.Range(0, 40).Select(row));
}
