using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.ML.Tokenizers;
using Sweeps.Data.Tokenizers;

namespace Sweeps.Tests.Data.Tokenizers;

/// <summary>
/// Where our own code tokenises, Microsoft.ML.Tokenizers was measured first: on how many of the reference's texts it gives
/// other ids or places, at the best settings that its options have. A test that fails here says that the library has caught
/// up, and that our own code for this kind can go (src/Sweeps.Data/Tokenizers/README.md).
/// </summary>
[Trait("Category", "Golden")]
public sealed class LibraryTokenizerTests
{
    [Theory]
    [InlineData("spiece")]
    [InlineData("test_sentencepiece")]
    [InlineData("test_sentencepiece_with_bytefallback")]
    public void SentencePiece_models_get_other_ids(string name)
    {
        GoldenTokens.Case[] cases = GoldenTokens.Load($"spm_{name}").Cases;
        using FileStream stream = File.OpenRead(SharedFiles.Require($"tokenizers/sentencepiece/{name}.model"));
        SentencePieceTokenizer? library = null;
        try
        {
            library = SentencePieceTokenizer.Create(stream, addBeginningOfSentence: false, addEndOfSentence: false);
        }
        catch (IndexOutOfRangeException)
        {
            // A model without begin and end tokens (ids -1) cannot be loaded at all.
        }

        int differ = Report($"SentencePieceTokenizer, {name}", cases, text => library?.EncodeToIds(text), static one => one.Ids);
        Assert.NotEqual(0, differ);
    }

    [Fact]
    public void Bert_texts_get_other_ids_by_its_own_normalisation()
    {
        using FileStream stream = File.OpenRead(SharedFiles.Require("tokenizers/bert-base-uncased/vocab.txt"));
        BertTokenizer library = BertTokenizer.Create(stream, new BertOptions { RemoveNonSpacingMarks = true });

        int differ = Report("BertTokenizer", GoldenTokens.Load("tok_rust_bert_uncased").Cases, text => library.EncodeToIds(text), static one => one.Ids);
        Assert.NotEqual(0, differ);
    }

    [Theory]
    [InlineData("gemma3")]
    [InlineData("qwen3")]
    [InlineData("llama3_1")]
    public void Byte_pairs_get_other_ids_or_places(string name)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(SharedFiles.Require($"tokenizers/{name}_tokenizer.json")));
        JsonElement root = document.RootElement, model = root.GetProperty("model");
        bool byteLevel = name != "gemma3";
        Dictionary<string, int> added = root.GetProperty("added_tokens").EnumerateArray().ToDictionary(token => token.GetProperty("content").GetString()!, token => token.GetProperty("id").GetInt32());
        Regex pattern = byteLevel
            ? new Regex(root.GetProperty("pre_tokenizer").GetProperty("pretokenizers")[0].GetProperty("pattern").GetProperty("Regex").GetString()!, RegexOptions.Compiled)
            : new Regex("[^ ]* |[^ ]+", RegexOptions.Compiled);
        BpeTokenizer library = BpeTokenizer.Create(new BpeOptions(model.GetProperty("vocab").EnumerateObject().Select(token => KeyValuePair.Create(token.Name, token.Value.GetInt32())).Concat(added).DistinctBy(token => token.Key))
        {
            Merges = [.. model.GetProperty("merges").EnumerateArray().Select(merge => merge.ValueKind == JsonValueKind.String ? merge.GetString()! : $"{merge[0].GetString()} {merge[1].GetString()}")],
            ByteLevel = byteLevel,
            SpecialTokens = added,
            PreTokenizer = new RegexPreTokenizer(pattern, added),
            Normalizer = name switch { "qwen3" => new Composed(), "gemma3" => new Marked(), _ => null },
            UnknownToken = byteLevel ? null : "<unk>",
            FuseUnknownTokens = !byteLevel,
        });

        GoldenTokens golden = GoldenTokens.Load($"tok_rust_{name}");
        int ids = Report($"BpeTokenizer, {name}, ids", [.. golden.Cases.Concat(golden.ExtraCases ?? [])], text => library.EncodeToIds(text), static one => one.IdsWithoutSpecial ?? one.Ids);

        // Ours equals the reference, see BytePairTokenizerTests; its places are what rows are cut by.
        ITokenizer own = SharedTokenizers.Load(name);
        int places = golden.Cases.Count(one => !library.EncodeToTokens(one.Text, out _).Select(token => (token.Offset.Start.Value, token.Offset.End.Value))
            .SequenceEqual(own.Tokenize(one.Text).Select(token => (token.Start, token.End))));
        int tokens = Enumerable.Range(0, own.VocabularySize).Where(id => !own.IsAdded(id)).Select(id => own.Decode([id]))
            .Count(text => !text.Contains('\uFFFD', StringComparison.Ordinal) && !library.EncodeToIds(text).SequenceEqual(own.Encode(text, addSpecial: false)));
        TestContext.Current.TestOutputHelper?.WriteLine($"BpeTokenizer, {name}: other places for {places} of {golden.Cases.Length} texts, other ids for {tokens} of {own.VocabularySize} tokens of the vocabulary as texts");
        Assert.NotEqual(0, ids + places + tokens);
    }

    private static int Report(string what, GoldenTokens.Case[] cases, Func<string, IReadOnlyList<int>?> encode, Func<GoldenTokens.Case, int[]> expected)
    {
        int other = 0, thrown = 0;
        List<string> first = [];
        foreach (GoldenTokens.Case one in cases)
        {
            try
            {
                bool same = encode(one.Text) is { } ids && ids.SequenceEqual(expected(one));
                other += same ? 0 : 1;
                if (!same && first.Count < 3)
                {
                    first.Add(one.Text);
                }
            }
            catch (Exception e) when (e is ArgumentException or IndexOutOfRangeException or InvalidOperationException or KeyNotFoundException)
            {
                thrown++;
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{what}: {other} of {cases.Length} texts differ, {thrown} throw: {string.Join(" | ", first)}");
        return other + thrown;
    }

    /// <summary>Form C, which the library has no normalizer for.</summary>
    private sealed class Composed : Normalizer
    {
        public override string Normalize(string original) => UnicodeSupport.Normalize(original, NormalizationForm.FormC);

        public override string Normalize(ReadOnlySpan<char> original) => Normalize(original.ToString());
    }

    /// <summary>Gemma 3's marks for spaces.</summary>
    private sealed class Marked : Normalizer
    {
        public override string Normalize(string original) => original.Replace(' ', '\u2581');

        public override string Normalize(ReadOnlySpan<char> original) => Normalize(original.ToString());
    }
}
