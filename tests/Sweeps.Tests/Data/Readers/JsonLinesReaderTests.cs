using System.Text;
using Sweeps.Data;
using Sweeps.Data.Readers;

namespace Sweeps.Tests.Data.Readers;

public sealed class JsonLinesReaderTests
{
    [Theory]
    [InlineData("""{"text":"\ud800 x","label":"a"}""")]
    [InlineData("""{"te\udc00xt":"x","label":"a"}""")]
    public void Half_a_character_is_refused_with_its_line(string line)
    {
        using MemoryStream stream = new(Encoding.UTF8.GetBytes("""{"text":"good","label":"a"}""" + "\n" + line + "\n"));
        DataException e = Assert.Throws<DataException>(() => DataReader.Read(stream, "rows.jsonl"));
        Assert.Equal(2, e.Line);
        Assert.Contains("surrogate", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Strings_and_integers_are_texts()
    {
        DataTable table = Read("{\"text\": \"a\\nb\", \"label\": 2}\n\n{\"label\": 10, \"text\": \"c\"}\n");

        Assert.Equal(["text", "label"], table.Columns);
        Assert.Equal("a\nb", table.Rows[0]["text"]);
        Assert.Equal(["2", "10"], table.Rows.Select(row => row["label"]));
        Assert.Equal([1, 3], table.Rows.Select(row => row.Line));
        Assert.Null(table.Delimiter);
    }

    [Theory]
    [InlineData("true", "a boolean")]
    [InlineData("null", "null")]
    [InlineData("[1]", "a list")]
    [InlineData("{}", "an object")]
    public void Other_values_are_refused_with_their_line_when_the_column_is_used(string value, string what)
    {
        DataTable table = Read($"{{\"text\": \"a\", \"label\": \"x\"}}\n{{\"text\": \"b\", \"label\": {value}}}\n");

        DataException e = Assert.Throws<DataException>(() => table.Require("label"));

        Assert.Equal(2, e.Line);
        Assert.Contains($"'label' is {what} here", e.Message, StringComparison.Ordinal);
        Assert.Equal(0, table.Require("text"));
        Assert.Equal(["text"], table.UsableColumns);
    }

    [Fact]
    public void A_row_without_the_column_is_named()
    {
        DataTable table = Read("{\"text\": \"a\", \"label\": \"x\"}\n{\"text\": \"b\"}\n");

        DataException e = Assert.Throws<DataException>(() => table.Require("label"));

        Assert.Equal("data.jsonl:2: this row has no 'label'. A column that is used must hold a string or an integer in every row.", e.Message);
    }

    [Theory]
    [InlineData("{\"text\": \"a\"}\n{\"text\": \n", 2)]
    [InlineData("{\"text\": \"a\"},\n", 1)]
    [InlineData("[{\"text\": \"a\"}]\n", 1)]
    [InlineData("{\"a\": 1, \"a\": 2}\n", 1)]
    [InlineData("\n", null)]
    public void Broken_lines_are_named(string content, int? line) =>
        Assert.Equal(line, Assert.Throws<DataException>(() => Read(content)).Line);

    [Fact]
    public void Nesting_is_bounded()
    {
        string deep = new string('[', 40) + new string(']', 40);

        Assert.Equal(1, Assert.Throws<DataException>(() => Read($"{{\"text\": {deep}}}\n")).Line);
    }

    [Fact]
    public void Bounds_are_kept()
    {
        Assert.Equal(2, Assert.Throws<DataException>(() => Read("{\"a\":1}\n{\"a\":2}\n", new ReadOptions { MaxRows = 1 })).Line);
        Assert.Contains("longer than 2", Assert.Throws<DataException>(() => Read("{\"a\":\"xyz\"}\n", new ReadOptions { MaxFieldLength = 2 })).Message, StringComparison.Ordinal);
    }

    private static DataTable Read(string content, ReadOptions? options = null) =>
        DataReader.Read(new MemoryStream(Encoding.UTF8.GetBytes(content)), "data.jsonl", options);
}
