using Sweeps.Data;
using Sweeps.Data.Campaigns;
using Sweeps.Data.Readers;
using Sweeps.Data.Templates;
using Sweeps.Data.Tokenizers;

namespace Sweeps.Tests.Data.Templates;

public sealed class ExampleEncoderTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly ITokenizer _tokenizer;

    public ExampleEncoderTests()
    {
        CampaignTokenizer.Write(_folder.Path);
        _tokenizer = TokenizerLoader.Load(_folder.Path);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_row_that_fits_is_the_plain_encoding()
    {
        EncodedExample example = Encode("brand {a} Label:", 10, Keep.Head, "video clip");

        Assert.Equal(_tokenizer.Encode("brand video clip Label:"), example.InputIds);
        Assert.Equal(0, example.TruncatedTokens);
    }

    [Theory]
    [InlineData(Keep.Head, "video clip trailer")]
    [InlineData(Keep.Tail, "search lookup finder")]
    [InlineData(Keep.Middle, "trailer carousel search")]
    public void Only_the_field_is_cut(Keep keep, string kept)
    {
        EncodedExample example = Encode("brand {a} Label:", 7, keep, "video clip trailer carousel search lookup finder");

        Assert.Equal($"<bos> brand {kept} Label :", _tokenizer.Decode(example.InputIds, skipSpecial: false));
        Assert.Equal(4, example.TruncatedTokens);
    }

    [Theory]
    [InlineData(9, "video clip", "search lookup")]
    [InlineData(10, "video clip trailer", "search lookup")]
    [InlineData(8, "video clip", "search")]
    [InlineData(7, "video", "search")]
    [InlineData(6, "video", "")]
    public void The_longest_field_is_cut_first(int maxLength, string first, string second)
    {
        EncodedExample example = Encode("brand {a} creative {b} Label:", maxLength, Keep.Head, "video clip trailer carousel slideshow", "search lookup");

        string expected = string.Join(' ', new[] { "<bos> brand", first, "creative", second, "Label :" }.Where(part => part.Length > 0));
        Assert.Equal(expected, _tokenizer.Decode(example.InputIds, skipSpecial: false));
        Assert.Equal(maxLength, example.InputIds.Length);
        Assert.Equal(12 - maxLength, example.TruncatedTokens);
    }

    [Fact]
    public void A_template_that_alone_is_too_long_is_refused()
    {
        DataException e = Assert.Throws<DataException>(() => new ExampleEncoder(TextTemplate.Parse("brand {a} Label:"), _tokenizer, 4));

        Assert.StartsWith("the template alone takes 4 tokens (special ones included), which leaves nothing of max_length 4", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_row_that_breaks_the_template_into_more_tokens_than_fit_is_named()
    {
        // With empty fields the three words are one; spaces part them, and none of them may be cut.
        ExampleEncoder encoder = new(TextTemplate.Parse("brand{a}creative{b}video"), _tokenizer, 3);
        DataTable table = DataTable.FromRows("data.csv", ["a", "b"], [["", " "], [" ", " "]]);

        Assert.Equal(3, encoder.Encode(table.Rows[0]).InputIds.Length);
        Assert.Equal(2, Assert.Throws<DataException>(() => encoder.Encode(table.Rows[1])).Line);
    }

    [Theory]
    [InlineData(Keep.Head)]
    [InlineData(Keep.Tail)]
    [InlineData(Keep.Middle)]
    public void Real_text_of_random_length_keeps_the_template_and_the_limit(Keep keep)
    {
        using TempFolder folder = new();
        File.Copy(SharedFiles.Require("tokenizers/bert-base-uncased/vocab.txt"), Path.Combine(folder.Path, "vocab.txt"));
        ITokenizer bert = TokenizerLoader.Load(folder.Path);
        DataTable table = DataReader.Read(SharedFiles.Require("data/banking77/test.csv"));
        ExampleEncoder encoder = new(TextTemplate.Parse("Classify: {text}\nIntent:"), bert, 16, keep);
        int truncated = 0;
        foreach (Row row in table.Rows)
        {
            EncodedExample example = encoder.Encode(row);
            int[] whole = bert.Encode($"Classify: {row["text"]}\nIntent:");
            Assert.Equal(whole.Length - example.InputIds.Length, example.TruncatedTokens);
            Assert.Equal(Math.Min(16, whole.Length), example.InputIds.Length);
            Assert.Equal(whole[..3], example.InputIds[..3]);
            Assert.Equal(whole[^3..], example.InputIds[^3..]);
            truncated += example.TruncatedTokens > 0 ? 1 : 0;
        }

        Assert.InRange(truncated, 500, 3000);
    }

    private EncodedExample Encode(string template, int maxLength, Keep keep, params string[] fields)
    {
        string[] columns = [.. fields.Select((_, i) => ((char)('a' + i)).ToString())];
        DataTable table = DataTable.FromRows("data.csv", columns, [fields]);
        return new ExampleEncoder(TextTemplate.Parse(template), _tokenizer, maxLength, keep).Encode(table.Rows[0]);
    }
}
