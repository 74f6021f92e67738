using System.Text;
using Sweeps.Core.Unicode;
using Sweeps.Data;
using Sweeps.Data.Campaigns;
using Sweeps.Data.Tokenizers;

namespace Sweeps.Tests.Data.Tokenizers;

public sealed class TokenizerLoaderTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_folder_without_tokenizer_or_no_folder_says_so()
    {
        Assert.Contains("there is no tokenizer here", Problem(), StringComparison.Ordinal);
        Assert.Contains("does not exist", Assert.Throws<DataException>(() => TokenizerLoader.Load(Path.Combine(_folder.Path, "no"))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "not valid JSON")]
    [InlineData("[]", "not a JSON object")]
    [InlineData("{}", "'model' is not an object")]
    [InlineData("{\"model\": {\"type\": \"Chars\", \"vocab\": []}}", "'Chars' is not supported")]
    [InlineData("{\"model\": {\"type\": \"Unigram\", \"vocab\": []}}", "'model.vocab' is not a list of tokens and scores")]
    [InlineData("{\"model\": {\"type\": \"Unigram\", \"unk_id\": 0, \"vocab\": [[\"a\", \"b\"]]}}", "'model.vocab[0]' is not a token and its score")]
    [InlineData("{\"model\": {\"type\": \"Unigram\", \"unk_id\": 1, \"vocab\": [[\"a\", -1]]}}", "'model.unk_id' is not the place of a token")]
    [InlineData("{\"model\": {\"type\": \"Unigram\", \"unk_id\": 0, \"vocab\": [[\"a\", -1], [\"a\", -2]]}}", "'a' is there twice")]
    [InlineData("{\"model\": {\"type\": \"Unigram\", \"unk_id\": 0, \"vocab\": [[\"a\", -1]]}, \"normalizer\": {\"type\": \"Precompiled\", \"precompiled_charsmap\": \"AAA\"}}", "compiled rules in base64")]
    [InlineData("{\"model\": {\"type\": \"Unigram\", \"unk_id\": 0, \"vocab\": [[\"a\", -1]]}, \"pre_tokenizer\": {\"type\": \"Digits\"}}", "the pre-tokenizer 'Digits' as it is set here for Unigram is not supported")]
    [InlineData("{\"model\": {\"type\": \"WordLevel\", \"vocab\": {\"a\": 0}}}", "the pre-tokenizer 'none' for WordLevel is not supported")]
    [InlineData("{\"model\": {\"type\": \"WordLevel\", \"vocab\": {\"a\": \"0\"}}, \"pre_tokenizer\": {\"type\": \"Whitespace\"}}", "'vocab.a' is not an integer")]
    [InlineData("{\"model\": {\"type\": \"WordLevel\", \"vocab\": {\"a\": 0, \"b\": 0}}, \"pre_tokenizer\": {\"type\": \"Whitespace\"}}", "both have id 0")]
    [InlineData("{\"model\": {\"type\": \"WordLevel\", \"vocab\": {\"a\": 2000000000}}, \"pre_tokenizer\": {\"type\": \"Whitespace\"}}", "ids up to 2000000000")]
    [InlineData("{\"model\": {\"type\": \"WordLevel\", \"vocab\": {\"a\": -1}}, \"pre_tokenizer\": {\"type\": \"Whitespace\"}}", "the vocabulary has 1 tokens")]
    [InlineData("{\"model\": {\"type\": \"WordLevel\", \"vocab\": {\"a\": 0}, \"unk_token\": \"u\"}, \"pre_tokenizer\": {\"type\": \"Whitespace\"}}", "'model.unk_token' is not a token of the vocabulary")]
    public void Damaged_files_say_what_is_wrong(string content, string what)
    {
        _folder.File("tokenizer.json", content);

        Assert.Contains(what, Problem(), StringComparison.Ordinal);
    }

    [Fact]
    public void Depth_and_size_are_bounded()
    {
        _folder.File("tokenizer.json", $"{{\"model\": {new string('[', 100)}{new string(']', 100)}}}");
        Assert.Contains("nested deeper than 64", Problem(), StringComparison.Ordinal);

        using (FileStream stream = File.Create(Path.Combine(_folder.Path, "tokenizer.json")))
        {
            stream.SetLength((64L << 20) + 1);
        }

        Assert.Contains("the limit is 67,108,864", Problem(), StringComparison.Ordinal);
    }

    [Fact]
    public void Special_tokens_may_be_written_as_objects()
    {
        CampaignTokenizer.Write(_folder.Path);
        _folder.File("tokenizer_config.json", "{\"pad_token\": {\"content\": \"<eos>\"}, \"bos_token\": null}");

        ITokenizer tokenizer = TokenizerLoader.Load(_folder.Path);

        Assert.Equal((2, 1), (tokenizer.PadId, tokenizer.BosId));
    }

    [Fact]
    public void A_process_without_Unicode_data_is_refused()
    {
        Assert.Null(UnicodeData.Find((text, form) => text.Normalize(form)));
        Assert.Contains("normalisation is off", UnicodeData.Find((text, _) => text), StringComparison.Ordinal);
        Assert.Contains("normalisation is off", UnicodeData.Find((_, _) => throw new PlatformNotSupportedException()), StringComparison.Ordinal);
        UnicodeSupport.Require();
    }

    [Fact]
    public void Noncharacters_and_lone_surrogates_normalise_to_themselves() =>
        Assert.Equal("\u00E9\uFFFE\u00E9\uD800\u00E9", UnicodeSupport.Normalize("e\u0301\uFFFEe\u0301\uD800e\u0301", NormalizationForm.FormC));

    [Fact]
    public void A_base_that_does_not_know_the_words_is_refused_with_the_figure()
    {
        CampaignTokenizer.Write(_folder.Path);
        ITokenizer tokenizer = TokenizerLoader.Load(_folder.Path);

        UnknownShare.Of(tokenizer, Enumerable.Repeat("brand video clip trailer", 5).Append("zebra")).Check("data.csv");
        UnknownShare share = UnknownShare.Of(tokenizer, ["where is my card", "brand"]);

        Assert.Equal(.8, share.Value, 6);
        Assert.Contains("does not know 80.0 % of these texts (4 of 5 tokens; the limit is 5 %)", Assert.Throws<DataException>(() => share.Check("data.csv")).Message, StringComparison.Ordinal);
    }

    private string Problem() => Assert.Throws<DataException>(() => TokenizerLoader.Load(_folder.Path)).Message;
}
