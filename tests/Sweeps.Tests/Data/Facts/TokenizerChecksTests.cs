using Sweeps.Data;
using Sweeps.Data.Facts;
using Sweeps.Data.Tokenizers;

namespace Sweeps.Tests.Data.Facts;

public sealed class TokenizerChecksTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_tokenizer_with_tokens_beyond_the_embeddings_is_refused()
    {
        ITokenizer tokenizer = Uncased();
        TokenizerChecks.CheckBase(tokenizer, 9, "base");
        TokenizerChecks.CheckBase(tokenizer, 8, "base");

        Assert.Equal(
            "base: the tokenizer does not belong to this base model: 1 tokens of its vocabulary of 9 have no row among the model's 7 embeddings. Put the tokenizer files that came with the weights into the folder.",
            Assert.Throws<DataException>(() => TokenizerChecks.CheckBase(tokenizer, 7, "base")).Message);
        Assert.Contains(
            "its sep_token '[SEP]' has id 3, the model has 3 embeddings",
            Assert.Throws<DataException>(() => TokenizerChecks.CheckBase(tokenizer, 3, "base")).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_tokenizer_that_leaves_most_rows_without_a_token_is_refused()
    {
        ITokenizer tokenizer = Uncased();
        TokenizerChecks.CheckBase(tokenizer, 18, "base");

        Assert.Contains(
            "it knows 9 tokens, the model has 20 embeddings",
            Assert.Throws<DataException>(() => TokenizerChecks.CheckBase(tokenizer, 20, "base")).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, null)]
    [InlineData(8, null)]
    [InlineData(4, "config.json says eos_token_id 4, which is the ordinary token 'top' of this tokenizer. Put the tokenizer files that came with the weights")]
    [InlineData(11, "config.json says eos_token_id 11, which is no token of this tokenizer")]
    public void Special_tokens_of_the_config_are_special_in_the_tokenizer(int id, string? says)
    {
        Exception? refused = Record.Exception(() => TokenizerChecks.CheckBase(Uncased(), 12, "base", new Dictionary<string, int> { ["eos_token_id"] = id }));

        if (says is null)
        {
            Assert.Null(refused);
        }
        else
        {
            Assert.Contains(says, Assert.IsType<DataException>(refused).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_control_piece_may_stand_in_no_list_of_special_tokens()
    {
        _folder.File("tokenizer.json", """{"model": {"type": "WordLevel", "unk_token": "u", "vocab": {"u": 0, "<s>": 1, "word": 2}}, "pre_tokenizer": {"type": "Whitespace"}}""");
        ITokenizer tokenizer = TokenizerLoader.Load(_folder.Path);

        TokenizerChecks.CheckBase(tokenizer, 3, "base", new Dictionary<string, int> { ["bos_token_id"] = 1 });
        Assert.Throws<DataException>(() => TokenizerChecks.CheckBase(tokenizer, 3, "base", new Dictionary<string, int> { ["bos_token_id"] = 2 }));
    }

    [Fact]
    public void A_text_with_a_token_that_has_no_embedding_is_named()
    {
        ITokenizer tokenizer = Uncased();
        int[][] rows = [tokenizer.Encode("top up"), tokenizer.Encode("my <image>")];
        TokenizerChecks.CheckIds(tokenizer, rows, 9, "train");

        Assert.Equal(
            "train: row 2 holds the token '<image>' (id 8), which the base model has no embedding for (8 rows). Take it out of the text.",
            Assert.Throws<DataException>(() => TokenizerChecks.CheckIds(tokenizer, rows, 8, "train")).Message);
    }

    /// <summary>A BERT tokenizer of lower case, with an added token behind its words.</summary>
    private ITokenizer Uncased()
    {
        _folder.File("tokenizer.json", """
            {"added_tokens": [{"id": 8, "content": "<image>"}],
              "normalizer": {"type": "BertNormalizer", "lowercase": true}, "pre_tokenizer": {"type": "BertPreTokenizer"},
              "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                "vocab": {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "top": 4, "up": 5, "my": 6, "card": 7}}}
            """);
        return TokenizerLoader.Load(_folder.Path);
    }
}
