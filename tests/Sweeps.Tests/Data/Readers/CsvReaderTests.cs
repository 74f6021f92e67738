using System.Text;
using Sweeps.Data;
using Sweeps.Data.Readers;

namespace Sweeps.Tests.Data.Readers;

public sealed class CsvReaderTests
{
    [Fact]
    public void Quoted_fields_hold_newlines_delimiters_and_doubled_quotes()
    {
        DataTable table = Read("text,label\n\"a, \"\"b\"\"\nc\",x\r\nplain,y");

        Assert.Equal(["text", "label"], table.Columns);
        Assert.Equal("a, \"b\"\nc", table.Rows[0]["text"]);
        Assert.Equal("plain", table.Rows[1]["text"]);
        Assert.Equal("y", table.Rows[1]["label"]);
        Assert.Equal([2, 4], table.Rows.Select(row => row.Line));
    }

    [Theory]
    [InlineData("text,label\na,b\n", ',')]
    [InlineData("text;label\na, b;c\n", ';')]
    [InlineData("text\tlabel\na;b\tc\n", '\t')]
    [InlineData("\"te;;xt\",label\na,b\n", ',')]
    [InlineData("\"te\n;;xt\",label\na,b\n", ',')]
    public void The_delimiter_is_guessed_from_the_header_outside_quotes(string content, char expected)
    {
        DataTable table = Read(content);

        Assert.Equal(expected, table.Delimiter);
        Assert.Equal(2, table.Columns.Count);
        Assert.Single(table.Rows);
    }

    [Fact]
    public void A_given_delimiter_wins()
    {
        DataTable table = Read("a,b;label\n1,2;3\n", new ReadOptions { Delimiter = ';' });

        Assert.Equal(["a,b", "label"], table.Columns);
    }

    [Theory]
    [InlineData("utf-8", true)]
    [InlineData("utf-8", false)]
    [InlineData("utf-16", true)]
    [InlineData("utf-16", false)]
    [InlineData("utf-16BE", true)]
    [InlineData("utf-16BE", false)]
    public void Every_encoding_gives_the_same_rows(string name, bool mark)
    {
        Encoding encoding = Encoding.GetEncoding(name);
        byte[] bytes = [.. mark ? encoding.GetPreamble() : [], .. encoding.GetBytes("text,label\nZürich 😀 東京,x\n")];

        DataTable table = DataReader.Read(new MemoryStream(bytes), "data.csv");

        Assert.Equal(["text", "label"], table.Columns);
        Assert.Equal("Zürich 😀 東京", table.Rows[0]["text"]);
    }

    [Fact]
    public void Blank_lines_are_passed_over_and_counted()
    {
        DataTable table = Read("text,label\n\na,b\n\r\nc,d\n\n");

        Assert.Equal([3, 5], table.Rows.Select(row => row.Line));
    }

    [Fact]
    public void Lines_that_end_in_a_carriage_return_alone_are_lines()
    {
        DataTable table = Read("text,label\ra,b\rc,d");

        Assert.Equal([2, 3], table.Rows.Select(row => row.Line));
    }

    [Fact]
    public void A_quote_that_never_closes_names_the_line_where_it_opened()
    {
        DataException e = Assert.Throws<DataException>(() => Read("text,label\na,b\n\"open,x\nmore,y\n"));

        Assert.Equal(3, e.Line);
        Assert.Equal("data.csv", e.File);
        Assert.StartsWith("data.csv:3: a double quote opens here and never closes", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Text_after_a_closing_quote_names_the_line_where_it_opened()
    {
        DataException e = Assert.Throws<DataException>(() => Read("text,label\n\"a\nb\"c,x\n"));

        Assert.Equal(2, e.Line);
        Assert.Contains("followed by 'c'", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("text,label\na,b\nc\n", 3, "1 field, the header has 2")]
    [InlineData("text,label\na,b,c\n", 2, "3 fields, the header has 2")]
    public void A_ragged_row_names_its_line(string content, int line, string what)
    {
        DataException e = Assert.Throws<DataException>(() => Read(content));

        Assert.Equal(line, e.Line);
        Assert.Contains(what, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_column_is_named_with_those_there_are_and_the_nearest()
    {
        DataTable table = Read("text,category\na,b\n");

        DataException e = Assert.Throws<DataException>(() => table.Require("Categry"));

        Assert.Contains("'Categry'", e.Message, StringComparison.Ordinal);
        Assert.Contains("Did you mean 'category'?", e.Message, StringComparison.Ordinal);
        Assert.Contains("'text', 'category'", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_columns_of_one_name_are_refused() =>
        Assert.Contains("two columns are called 'a'", Assert.Throws<DataException>(() => Read("a,a\n1,2\n")).Message, StringComparison.Ordinal);

    [Fact]
    public void An_index_column_without_a_name_gets_one() =>
        Assert.Equal(["column_1", "text"], Read(",text\n0,a\n").Columns);

    [Fact]
    public void Bounds_are_kept()
    {
        ReadOptions few = new() { MaxRows = 2, MaxFieldLength = 5 };

        Assert.Equal(4, Assert.Throws<DataException>(() => Read("t\na\nb\nc\n", few)).Line);
        Assert.Contains("longer than 5 characters", Assert.Throws<DataException>(() => Read("t\nabcdef\n", few)).Message, StringComparison.Ordinal);
        Assert.Contains("limit is 3", Assert.Throws<DataException>(() => Read("t\na\n", few with { MaxFileBytes = 3 })).Message, StringComparison.Ordinal);
        Assert.Contains("more than 2 fields", Assert.Throws<DataException>(() => Read("a,b,c\n", few with { MaxColumns = 2 })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Text_that_is_not_UTF_8_names_its_line()
    {
        byte[] bytes = [.. "text,label\nfine,x\n"u8, 0x63, 0x61, 0x66, 0xE9, .. ",y\n"u8];

        DataException e = Assert.Throws<DataException>(() => DataReader.Read(new MemoryStream(bytes), "data.csv"));

        Assert.Equal(3, e.Line);
        Assert.Contains("not valid UTF-8", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_zero_byte_is_no_text() =>
        Assert.Contains("zero byte", Assert.Throws<DataException>(() => Read("text,label\na\0b,c\n")).Message, StringComparison.Ordinal);

    [Fact]
    public void Missing_empty_and_strange_files_say_so()
    {
        using TempFolder folder = new();
        folder.File("data.csv", "a,b\n1,2\n");

        Assert.Contains("Did you mean 'data.csv'?", Problem(Path.Combine(folder.Path, "dta.csv")), StringComparison.Ordinal);
        Assert.Contains("nor does its folder", Problem(Path.Combine(folder.Path, "no", "data.csv")), StringComparison.Ordinal);
        Assert.Contains("this is a folder", Problem(folder.Path), StringComparison.Ordinal);
        Assert.Contains("the file is empty", Problem(folder.File("empty.csv", "")), StringComparison.Ordinal);
        Assert.Contains("the file is empty", Problem(folder.File("blank.csv", "\n\n")), StringComparison.Ordinal);
        Assert.Contains("'.xlsx' is not a data format", Problem(folder.File("data.xlsx", "x")), StringComparison.Ordinal);
        Assert.Contains("JSON Lines", Problem(folder.File("data.json", "[]")), StringComparison.Ordinal);

        static string Problem(string path) => Assert.Throws<DataException>(() => DataReader.Read(path)).Message;
    }

    [Fact]
    public void What_the_writer_writes_the_reader_reads()
    {
        using TempFolder folder = new();
        string path = Path.Combine(folder.Path, "out.csv");
        string[][] rows = [["a,b", "\"q\""], ["line\r\nbreak", ""], ["tab\t;", "x"]];

        CsvWriter.Write(path, ["text", "label"], rows);
        DataTable table = DataReader.Read(path);

        Assert.Equal(rows, table.Rows.Select(row => new[] { row["text"], row["label"] }));
    }

    [Fact]
    public void Banking77_reads_whole()
    {
        DataTable train = DataReader.Read(SharedFiles.Require("data/banking77/train.csv"));
        DataTable test = DataReader.Read(SharedFiles.Require("data/banking77/test.csv"));

        Assert.Equal(10_003, train.Rows.Count);
        Assert.Equal(3_080, test.Rows.Count);
        Assert.Equal(10, train.Rows.Count(row => row["text"].Contains('\n', StringComparison.Ordinal)));
        Assert.Equal(77, train.Rows.Select(row => row["category"]).Distinct().Count());
        Assert.Contains(train.Rows, row => row["category"] == "Refund_not_showing_up");
        Assert.Contains(train.Rows, row => row["category"] == "reverted_card_payment?");
    }

    private static DataTable Read(string content, ReadOptions? options = null) =>
        DataReader.Read(new MemoryStream(Encoding.UTF8.GetBytes(content)), "data.csv", options);
}
