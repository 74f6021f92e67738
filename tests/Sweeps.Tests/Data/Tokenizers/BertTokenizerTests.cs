using System.Text.Json;
using Sweeps.Data;
using Sweeps.Data.Tokenizers;

namespace Sweeps.Tests.Data.Tokenizers;

public sealed class BertTokenizerTests
{
    [Theory]
    [Trait("Category", "Golden")]
    [InlineData("tok_bert_uncased", true)]
    [InlineData("tok_bert_uncased", false)]
    [InlineData("tok_rust_bert_uncased", true)]
    [InlineData("tok_rust_bert_uncased", false)]
    public void Ids_tokens_and_places_equal_Hugging_Face(string golden, bool json)
    {
        using TempFolder folder = new();
        ITokenizer tokenizer = Load(folder, json);
        List<string> differ = [];
        foreach (GoldenTokens.Case expected in GoldenTokens.Load(golden).Cases)
        {
            int[] ids = tokenizer.Encode(expected.Text);
            if (!ids.AsSpan().SequenceEqual(expected.Ids))
            {
                differ.Add($"{expected.Text}: {string.Join(' ', ids)} but {string.Join(' ', expected.Ids)}");
                continue;
            }

            if (expected.Tokens is { } tokens && !tokens.SequenceEqual(ids.Select(id => tokenizer.TokenOf(id)!)))
            {
                differ.Add($"{expected.Text}: tokens");
            }

            IReadOnlyList<Token> places = tokenizer.Tokenize(expected.Text);
            ComparePlaces("places", expected, places, expected.Offsets, differ);
            ComparePlaces("places in code points", expected, Token.InCodePoints(expected.Text, places), expected.CodePointOffsets, differ);

            if (expected.Decoded is { } decoded && tokenizer.Decode(ids) != decoded)
            {
                differ.Add($"{expected.Text}: decoded {tokenizer.Decode(ids)}");
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{golden}: {differ.Count} texts differ");
        Assert.True(differ.Count == 0, $"{differ.Count} differ:\n{string.Join('\n', differ.Take(12))}");
    }

    [Theory]
    [Trait("Category", "Golden")]
    [InlineData(true)]
    [InlineData(false)]
    public void Pairs_are_joined_and_cut_as_Hugging_Face_does(bool json)
    {
        using TempFolder folder = new();
        ITokenizer tokenizer = Load(folder, json);
        GoldenTokens.Pair[] pairs = GoldenTokens.Load("tok_rust_bert_uncased").Pairs!;

        Assert.Equal(25, pairs.Length);
        Assert.Empty(pairs.Select(pair => pair.Difference(tokenizer)).OfType<string>());
    }

    [Fact]
    public void The_longer_text_of_a_pair_is_cut_first_then_both_to_halves()
    {
        using TempFolder folder = new();
        ITokenizer tokenizer = Load(folder, json: false);
        int[] one = tokenizer.Encode("one", addSpecial: false), two = tokenizer.Encode("two", addSpecial: false);

        Assert.Equal([101, .. one, 102, .. two, .. two, .. two, 102], tokenizer.EncodePair("one", "two two two two", 7).Ids);
        Assert.Equal([101, .. one, .. one, 102, .. two, .. two, .. two, 102], tokenizer.EncodePair("one one one one", "two two two two", 8).Ids);
        Assert.Equal([101, 102, 102], tokenizer.EncodePair("one", "two", 3).Ids);
        Assert.Equal([0, 0, 0, 1, 1, 1], tokenizer.EncodePair("one", "two two", 6).TypeIds);
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.EncodePair("one", "two", 2));
    }

    [Fact]
    [Trait("Category", "Golden")]
    public void The_real_MiniLM_folder_gives_the_ids_of_its_reference()
    {
        using JsonDocument checks = JsonDocument.Parse(File.ReadAllText(SharedFiles.Require("models/checks.json")));
        JsonElement expected = checks.RootElement.GetProperty("all-MiniLM-L6-v2");
        ITokenizer tokenizer = TokenizerLoader.Load(SharedFiles.Require("models/all-MiniLM-L6-v2"));

        int[][] ids = expected.GetProperty("ids").Deserialize<int[][]>()!;
        string[] texts = expected.GetProperty("texts").Deserialize<string[]>()!;
        Assert.Equal(ids, texts.Select(text => tokenizer.Encode(text)));
    }

    [Fact]
    public void Special_ids_are_found_either_way()
    {
        foreach (bool json in new[] { true, false })
        {
            using TempFolder folder = new();
            ITokenizer tokenizer = Load(folder, json);

            Assert.Equal(30_522, tokenizer.VocabularySize);
            Assert.Equal((0, 100, 101, 102), (tokenizer.PadId, tokenizer.UnkId, tokenizer.ClsId, tokenizer.SepId));
            Assert.Equal([101], tokenizer.Prefix);
            Assert.Equal([102], tokenizer.Suffix);
            Assert.Equal(new UnknownCount(1, 3), tokenizer.CountUnknown("hello 😀 world"));
            Assert.Equal("hello, world!", tokenizer.Decode(tokenizer.Encode("Hello, world!")));
        }
    }

    [Fact]
    public void A_word_of_more_than_100_characters_is_unknown()
    {
        using TempFolder folder = new();
        ITokenizer tokenizer = Load(folder, json: false);

        Assert.NotEqual([100], tokenizer.Encode(new string('a', 100), addSpecial: false));
        Assert.Equal([100], tokenizer.Encode(new string('a', 101), addSpecial: false));
    }

    [Fact]
    public void A_vocabulary_without_its_special_tokens_or_with_a_token_twice_is_refused()
    {
        using TempFolder folder = new();
        folder.File("vocab.txt", "[PAD]\n[UNK]\n[CLS]\nhello\n");
        Assert.Contains("'[SEP]' is missing", Problem(), StringComparison.Ordinal);

        folder.File("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[CLS]\n");
        Assert.Contains("vocab.txt:5: the token '[CLS]' is there twice", Problem(), StringComparison.Ordinal);

        string Problem() => Assert.Throws<DataException>(() => TokenizerLoader.Load(folder.Path)).Message;
    }

    private static void ComparePlaces(string what, GoldenTokens.Case expected, IReadOnlyList<Token> tokens, int[][]? places, List<string> differ)
    {
        int[][] actual = [[0, 0], .. tokens.Select(token => new[] { token.Start, token.End }), [0, 0]];
        if (places is not null && !(places.Length == actual.Length && places.Zip(actual).All(pair => pair.First.SequenceEqual(pair.Second))))
        {
            differ.Add($"{expected.Text}: {what} {string.Join(' ', actual.Select(p => $"{p[0]}-{p[1]}"))} but {string.Join(' ', places.Select(p => $"{p[0]}-{p[1]}"))}");
        }
    }

    private static ITokenizer Load(TempFolder folder, bool json)
    {
        string name = json ? "tokenizer.json" : "vocab.txt";
        File.Copy(SharedFiles.Require($"tokenizers/bert-base-uncased/{name}"), Path.Combine(folder.Path, name));
        return TokenizerLoader.Load(folder.Path);
    }
}
