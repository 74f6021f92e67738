using System.Diagnostics;
using System.Text.Json;
using Sweeps.Data;
using Sweeps.Data.Readers;
using Sweeps.Data.Templates;
using Sweeps.Data.Tokenizers;

namespace Sweeps.Tests.Data.Tokenizers;

public sealed class BytePairTokenizerTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [Trait("Category", "Golden")]
    [InlineData("gemma3", "tok_gemma3", "tok_rust_gemma3")]
    [InlineData("qwen3", "tok_qwen3", "tok_rust_qwen3")]
    [InlineData("llama3_1", "tok_rust_llama3_1")]
    public void Ids_and_text_equal_Hugging_Face(string name, params string[] goldens)
    {
        ITokenizer tokenizer = SharedTokenizers.Load(name);
        List<string> differ = [];
        int compared = 0;
        foreach (GoldenTokens.Case expected in goldens.Select(GoldenTokens.Load).SelectMany(golden => golden.Cases.Concat(golden.ExtraCases ?? [])))
        {
            compared++;
            Compare("ids", expected.Text, tokenizer.Encode(expected.Text), expected.Ids, differ);
            Compare("ids without special", expected.Text, tokenizer.Encode(expected.Text, addSpecial: false), expected.IdsWithoutSpecial ?? expected.Ids, differ);
            if (expected.Decoded is { } decoded && tokenizer.Decode(expected.Ids) != decoded)
            {
                differ.Add($"{expected.Text}: decoded {tokenizer.Decode(expected.Ids)} but {decoded}");
            }

            if (expected.DecodedWithSpecial is { } whole && tokenizer.Decode(expected.Ids, skipSpecial: false) != whole)
            {
                differ.Add($"{expected.Text}: decoded with special tokens {tokenizer.Decode(expected.Ids, skipSpecial: false)} but {whole}");
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{name}: {differ.Count} of {compared} texts differ");
        Assert.InRange(compared, 300, 1000);
        Assert.True(differ.Count == 0, $"{differ.Count} differ:\n{string.Join('\n', differ.Take(12))}");
    }

    [Fact]
    [Trait("Category", "Golden")]
    public void A_begin_token_stands_before_both_texts_of_a_pair()
    {
        ITokenizer tokenizer = SharedTokenizers.Load("llama3_1");
        GoldenTokens.Pair[] pairs = GoldenTokens.Load("tok_rust_llama3_1").Pairs!;

        Assert.Equal(6, pairs.Length);
        Assert.Empty(pairs.Select(pair => pair.Difference(tokenizer)).OfType<string>());
    }

    [Theory]
    [Trait("Category", "Golden")]
    [InlineData("gemma3")]
    [InlineData("qwen3")]
    [InlineData("llama3_1")]
    public void A_lone_field_is_truncated_as_Hugging_Face_truncates(string name)
    {
        ITokenizer tokenizer = SharedTokenizers.Load(name);
        ExampleEncoder encoder = new(TextTemplate.Parse("{text}"), tokenizer, 8);
        GoldenTokens.Case[] cases = GoldenTokens.Load($"tok_rust_{name}").TruncatedTo8!;
        DataTable table = DataTable.FromRows("texts", ["text"], cases.Select(expected => new[] { expected.Text }));

        Assert.Equal(cases.Select(expected => expected.Ids), table.Rows.Select(row => encoder.Encode(row).InputIds));
    }

    [Theory]
    [InlineData("gemma3")]
    [InlineData("qwen3")]
    [InlineData("llama3_1")]
    public void Places_cover_the_text_in_order(string name)
    {
        ITokenizer tokenizer = SharedTokenizers.Load(name);
        foreach (GoldenTokens.Case expected in GoldenTokens.Load($"tok_rust_{name}").Cases)
        {
            int at = 0, start = 0;
            foreach (Token token in tokenizer.Tokenize(expected.Text))
            {
                Assert.InRange(token.Start, start, at);
                Assert.InRange(token.End, at, expected.Text.Length);
                (start, at) = (token.Start, token.End);
            }

            Assert.Equal(expected.Text.Length, at);
        }
    }

    [Fact]
    public void Special_ids_are_those_of_the_folder()
    {
        ITokenizer gemma = SharedTokenizers.Load("gemma3");

        Assert.Equal((2, 106, 0, 3), (gemma.BosId, gemma.EosId, gemma.PadId, gemma.UnkId));
        Assert.Equal([2], gemma.Prefix);
        Assert.Empty(gemma.Suffix);
        Assert.Equal(262_145, gemma.VocabularySize);
        Assert.Equal(105, gemma.IdOf("<start_of_turn>"));
    }

    [Fact]
    [Trait("Category", "Golden")]
    public void The_real_Gemma_folder_gives_the_ids_of_its_reference()
    {
        using JsonDocument checks = JsonDocument.Parse(File.ReadAllText(SharedFiles.Require("models/checks.json")));
        JsonElement expected = checks.RootElement.GetProperty("gemma-3-270m-32k");
        ITokenizer tokenizer = TokenizerLoader.Load(SharedFiles.Require("models/gemma-3-270m-32k"));

        int[][] ids = expected.GetProperty("ids").Deserialize<int[][]>()!;
        string[] texts = expected.GetProperty("prompts").Deserialize<string[]>()!;
        Assert.Equal(ids, texts.Select(text => tokenizer.Encode(text)));
    }

    [Theory]
    [InlineData("gemma3")]
    [InlineData("qwen3")]
    public void Long_texts_take_time_in_proportion(string name)
    {
        ITokenizer tokenizer = SharedTokenizers.Load(name);
        string line = "Where is my card? It was sent 3 weeks ago, to 12 Main Street; нет ответа.\n";
        string text = string.Concat(Enumerable.Repeat(line, 4000));
        tokenizer.Encode(line);

        long start = Stopwatch.GetTimestamp();
        int tokens = tokenizer.Encode(text).Length;
        double rate = text.Length / Stopwatch.GetElapsedTime(start).TotalSeconds;

        TestContext.Current.TestOutputHelper?.WriteLine(FormattableString.Invariant($"{name}: {rate / 1e6:0.00} M characters a second, {tokens} tokens"));
        // Merging in quadratic time would take hours; a busy machine is a few times slower than a free one.
        Assert.InRange(rate, 5_000, double.MaxValue);
    }

    [Theory]
    [InlineData("\"merges\": [[\"a\", \"c\"]]", "'model.merges[0]' is not a pair of tokens whose join is a token too")]
    [InlineData("\"merges\": [\"a b c\"]", "'model.merges[0]' is not a pair of tokens")]
    [InlineData("\"merges\": [], \"byte_fallback\": true", "the token '<0x00>' for the byte 0 is missing")]
    [InlineData("\"merges\": [], \"end_of_word_suffix\": \"</w>\"", "BPE with a subword prefix or word suffix is not supported")]
    [InlineData("\"merges\": []}, \"normalizer\": {\"type\": \"Nmt\"", "the normalizer 'Nmt' is not supported")]
    [InlineData("\"merges\": []}, \"pre_tokenizer\": {\"type\": \"Digits\"", "the pre-tokenizer 'Digits' as it is set here is not supported")]
    [InlineData("\"merges\": []}, \"pre_tokenizer\": {\"type\": \"Split\", \"pattern\": {\"Regex\": \"(\"}, \"behavior\": \"Isolated\"", "the pre-tokenizer's pattern cannot be run here")]
    [InlineData("\"merges\": []}, \"decoder\": {\"type\": \"CTC\"", "the decoder 'CTC' as it is set here is not supported")]
    public void Files_that_are_damaged_or_not_supported_say_so(string rest, string what)
    {
        _folder.File("tokenizer.json", $"{{\"model\": {{\"type\": \"BPE\", \"vocab\": {{\"a\": 0, \"b\": 1, \"ab\": 2}}, {rest}}}}}");

        Assert.Contains(what, Assert.Throws<DataException>(() => TokenizerLoader.Load(_folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Merges_take_the_lowest_rank_then_the_leftmost()
    {
        _folder.File("tokenizer.json", """
            {"model": {"type": "BPE", "unk_token": "u", "fuse_unk": true,
              "vocab": {"a": 0, "b": 1, "c": 2, "bc": 3, "ab": 4, "abab": 5, "u": 6}, "merges": ["b c", "a b", "ab ab"]}}
            """);
        ITokenizer tokenizer = TokenizerLoader.Load(_folder.Path);

        Assert.Equal([0, 3], tokenizer.Encode("abc"));
        Assert.Equal([5, 4, 0], tokenizer.Encode("abababa"));
        Assert.Equal([new Token(4, 0, 2), new Token(6, 2, 4), new Token(2, 4, 5)], tokenizer.Tokenize("abxyc"));
        Assert.Equal(new UnknownCount(1, 3), tokenizer.CountUnknown("abxyc"));
    }

    [Fact]
    public void Merges_across_a_space_are_made_though_texts_are_cut_at_spaces()
    {
        _folder.File("tokenizer.json", """
            {"normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
              "decoder": {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
              "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "c": 2, "▁": 3, "▁b": 4, "a▁b": 5, "▁▁": 6}, "merges": ["▁ b", "a ▁b", "▁ ▁"]}}
            """);
        ITokenizer tokenizer = TokenizerLoader.Load(_folder.Path);

        Assert.Equal([5, 2, 4, 2], tokenizer.Encode("a bc bc"));
        Assert.Equal([0, 3, 2, 6, 4], tokenizer.Encode("a c   b"));
        Assert.Equal([new Token(2, 0, 1), new Token(6, 1, 3), new Token(2, 3, 4)], tokenizer.Tokenize("c  c"));
    }

    private static void Compare(string what, string text, int[] actual, int[] expected, List<string> differ)
    {
        if (!actual.AsSpan().SequenceEqual(expected))
        {
            differ.Add($"{text}: {what} {string.Join(' ', actual)} but {string.Join(' ', expected)}");
        }
    }
}
