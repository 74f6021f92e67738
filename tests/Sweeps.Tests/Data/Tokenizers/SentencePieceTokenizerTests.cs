using System.Text.Json;
using Sweeps.Data;
using Sweeps.Data.Tokenizers;
using Sweeps.Data.Tokenizers.SentencePiece;

namespace Sweeps.Tests.Data.Tokenizers;

public sealed class SentencePieceTokenizerTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [Trait("Category", "Golden")]
    [InlineData("spiece")]
    [InlineData("test_sentencepiece")]
    [InlineData("test_sentencepiece_with_bytefallback")]
    public void Ids_pieces_and_text_equal_sentencepiece(string name)
    {
        SentencePieceTokenizer tokenizer = Plain(name);
        GoldenTokens.Case[] cases = GoldenTokens.Load($"spm_{name}").Cases;
        List<string> differ = [];
        foreach (GoldenTokens.Case expected in cases)
        {
            int[] ids = tokenizer.Encode(expected.Text);
            string[] pieces = [.. tokenizer.Pieces(expected.Text).Select(piece => piece.Piece)];
            string decoded = tokenizer.Decode(expected.Ids);
            if (!ids.AsSpan().SequenceEqual(expected.Ids) || !pieces.SequenceEqual(expected.Pieces!) || decoded != expected.Decoded)
            {
                differ.Add($"{expected.Text}: {string.Join(' ', ids)} but {string.Join(' ', expected.Ids)}; {string.Join(' ', pieces)} but {string.Join(' ', expected.Pieces!)}; '{decoded}' but '{expected.Decoded}'");
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{name}: {differ.Count} of {cases.Length} texts differ");
        Assert.Equal(150, cases.Length);
        Assert.True(differ.Count == 0, $"{differ.Count} differ:\n{string.Join('\n', differ.Take(12))}");
    }

    [Theory]
    [InlineData("spiece")]
    [InlineData("test_sentencepiece_with_bytefallback")]
    public void Places_cover_the_words_in_order(string name)
    {
        SentencePieceTokenizer tokenizer = Plain(name);
        foreach (GoldenTokens.Case expected in GoldenTokens.Load($"spm_{name}").Cases)
        {
            int start = 0, at = 0;
            foreach (Token token in tokenizer.Tokenize(expected.Text))
            {
                Assert.InRange(token.Start, start, token.End);
                Assert.InRange(token.End, at, expected.Text.Length);
                (start, at) = (token.Start, token.End);
            }
        }
    }

    [Fact]
    public void A_piece_begins_with_the_space_before_its_word()
    {
        SentencePieceTokenizer tokenizer = Plain("spiece");

        Assert.Equal(["the", " card"], tokenizer.Tokenize("  the card ").Select(token => "  the card "[token.Start..token.End]));
    }

    [Fact]
    public void A_T5_folder_ends_texts_with_its_end_token_and_has_the_extra_tokens()
    {
        Link("test_sentencepiece", "spiece.model");
        _folder.File("config.json", "{\"model_type\": \"t5\"}");
        ITokenizer tokenizer = TokenizerLoader.Load(_folder.Path);
        GoldenTokens.Case expected = GoldenTokens.Load("spm_test_sentencepiece").Cases[1];

        Assert.Equal([.. expected.Ids, 2], tokenizer.Encode(expected.Text));
        Assert.Equal([.. expected.Ids, 2, .. expected.Ids, 2], tokenizer.EncodePair(expected.Text, expected.Text).Ids);
        Assert.Equal((1099, 1000, 2, 0), (tokenizer.IdOf("<extra_id_0>"), tokenizer.IdOf("<extra_id_99>"), tokenizer.EosId, tokenizer.UnkId));
        Assert.Equal([.. expected.Ids, 1099, 2], tokenizer.Encode(expected.Text + "<extra_id_0>"));
    }

    [Fact]
    public void A_DeBERTa_folder_frames_texts_and_adds_its_mask_token()
    {
        Link("spiece", "spm.model");
        _folder.File("tokenizer_config.json", "{\"tokenizer_class\": \"DebertaV2Tokenizer\", \"do_lower_case\": false, \"pad_token\": \"<pad>\", \"unk_token\": \"<unk>\", \"mask_token\": \"[M]\"}");
        _folder.File("added_tokens.json", "{\"[M]\": 30000}");
        ITokenizer tokenizer = TokenizerLoader.Load(_folder.Path);
        GoldenTokens.Case expected = GoldenTokens.Load("spm_spiece").Cases[1];

        Assert.Equal([2, .. expected.Ids, 3], tokenizer.Encode(expected.Text));
        Assert.Equal((2, 3, 0, 1, 30_000), (tokenizer.ClsId, tokenizer.SepId, tokenizer.PadId, tokenizer.UnkId, tokenizer.IdOf("[M]")));
        PairEncoding pair = tokenizer.EncodePair(expected.Text, expected.Text);
        Assert.Equal([2, .. expected.Ids, 3, .. expected.Ids, 3], pair.Ids);
        Assert.Equal(expected.Ids.Length + 1, pair.TypeIds.Sum());
    }

    [Fact]
    public void Another_family_must_say_what_stands_around_a_text()
    {
        Link("test_sentencepiece", "tokenizer.model");
        Assert.Contains("which special tokens belong around a text is not known", Problem(), StringComparison.Ordinal);

        _folder.File("tokenizer_config.json", "{\"add_bos_token\": true, \"bos_token\": \"<s>\"}");
        Assert.Equal([1], TokenizerLoader.Load(_folder.Path).Prefix);

        _folder.File("tokenizer_config.json", "{\"tokenizer_class\": \"T5Tokenizer\", \"do_lower_case\": true}");
        Assert.Contains("'do_lower_case' for a SentencePiece model is not supported", Problem(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("spiece", 30_000)]
    [InlineData("test_sentencepiece", 1000)]
    [InlineData("test_sentencepiece_with_bytefallback", 2000)]
    public void A_tokenizer_json_made_from_a_model_gives_its_ids(string name, int size)
    {
        SentencePieceModel model = SentencePieceReader.Read(SharedFiles.Require($"tokenizers/sentencepiece/{name}.model"));
        _folder.File("tokenizer.json", AsJson(name, model));
        ITokenizer tokenizer = TokenizerLoader.Load(_folder.Path);
        List<string> differ = [];
        foreach (GoldenTokens.Case expected in GoldenTokens.Load($"spm_{name}").Cases)
        {
            int[] ids = tokenizer.Encode(expected.Text);
            if (!ids.AsSpan().SequenceEqual(expected.Ids))
            {
                differ.Add($"{expected.Text}: {string.Join(' ', ids)} but {string.Join(' ', expected.Ids)}");
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{name}: {differ.Count} of 150 texts differ between Hugging Face's rules and SentencePiece's\n{string.Join('\n', differ)}");
        Assert.Equal(size, tokenizer.VocabularySize);
        Assert.InRange(differ.Count, 0, 20);
    }

    [Fact]
    public void Damaged_models_are_refused_and_nothing_else_happens()
    {
        byte[] bytes = File.ReadAllBytes(SharedFiles.Require("tokenizers/sentencepiece/test_sentencepiece.model"));
        Random random = new(4);
        int refused = 0;
        for (int i = 0; i < 300; i++)
        {
            byte[] damaged = i % 3 == 0 ? bytes[..random.Next(bytes.Length)] : [.. bytes];
            for (int n = 0; n < 20 && damaged.Length > 0 && i % 3 > 0; n++)
            {
                // Most of the file is the rules: damage the pieces in front too.
                damaged[random.Next(i % 3 == 1 ? damaged.Length : 20_000)] = (byte)random.Next(256);
            }

            try
            {
                SentencePieceModel model = SentencePieceReader.Read(damaged, "x");
                _ = new SentencePieceNormalizer(model).Normalize("Ａ é ™ \u0001 x́ 你").Text.Length;
            }
            catch (DataException e)
            {
                Assert.Contains("SentencePiece model", e.Message, StringComparison.Ordinal);
                refused++;
            }
        }

        Assert.InRange(refused, 100, 300);
    }

    [Fact]
    public void Unknown_models_are_named()
    {
        // A piece "u" of kind unknown, and a trainer that says BPE.
        _folder.File("spiece.model", [0x0A, 5, 0x0A, 1, (byte)'u', 0x18, 2, 0x12, 2, 0x18, 2]);
        Assert.Contains("a SentencePiece model of type BPE is not supported", Problem(), StringComparison.Ordinal);

        _folder.File("spiece.model", [0x0A, 3, 0x0A, 1, (byte)'u']);
        Assert.Contains("1 pieces, one unknown piece is needed", Problem(), StringComparison.Ordinal);

        _folder.File("spiece.model", [0x0A, 200, 1]);
        Assert.Contains("this is no SentencePiece model (it ends too early)", Problem(), StringComparison.Ordinal);
    }

    /// <summary>The model without the special tokens that a folder adds.</summary>
    internal static SentencePieceTokenizer Plain(string name)
    {
        string file = SharedFiles.Require($"tokenizers/sentencepiece/{name}.model");
        SentencePieceModel model = SentencePieceReader.Read(file);
        Vocabulary vocabulary = new(model.Pieces.Index().ToDictionary(piece => piece.Item.Text, piece => piece.Index), [], file);
        return new SentencePieceTokenizer(vocabulary, new AddedTokens([]), new SpecialIds { Unk = model.UnknownId }, model);
    }

    /// <summary>The tokenizer.json that Hugging Face converts such a model to.</summary>
    internal static string AsJson(string name, SentencePieceModel model)
    {
        string rules = Convert.ToBase64String(Rules(File.ReadAllBytes(SharedFiles.Require($"tokenizers/sentencepiece/{name}.model"))));
        return JsonSerializer.Serialize(new
        {
            normalizer = new
            {
                type = "Sequence",
                normalizers = new object[]
                {
                    new { type = "Precompiled", precompiled_charsmap = rules },
                    new { type = "Strip", strip_left = true, strip_right = true },
                    new { type = "Replace", pattern = new { Regex = " {2,}" }, content = " " },
                },
            },
            pre_tokenizer = new { type = "Metaspace", replacement = "▁", prepend_scheme = "always", split = true },
            decoder = new { type = "Metaspace", replacement = "▁", prepend_scheme = "always", split = true },
            model = new
            {
                type = "Unigram",
                unk_id = model.UnknownId,
                byte_fallback = model.ByteFallback,
                vocab = model.Pieces.Select(piece => new object[] { piece.Text, (double)piece.Score }),
            },
        });
    }

    private static byte[] Rules(byte[] bytes)
    {
        ProtoReader reader = new(bytes);
        while (reader.Next())
        {
            if (reader.Field == 3)
            {
                ProtoReader inner = new(reader.Bytes);
                while (inner.Next())
                {
                    if (inner.Field == 2)
                    {
                        return inner.Bytes.ToArray();
                    }
                }
            }
        }

        throw new InvalidOperationException("the model has no rules");
    }

    private void Link(string name, string target) =>
        File.CreateSymbolicLink(Path.Combine(_folder.Path, target), SharedFiles.Require($"tokenizers/sentencepiece/{name}.model"));

    private string Problem() => Assert.Throws<DataException>(() => TokenizerLoader.Load(_folder.Path)).Message;
}
