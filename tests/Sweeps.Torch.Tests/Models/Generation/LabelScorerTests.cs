using Sweeps.Models;
using Sweeps.Models.Generation;
using Sweeps.Models.Ops;
using Xunit;
using static TorchSharp.torch;

namespace Sweeps.Torch.Tests.Models.Generation;

/// <summary>Scores of labels after one reading of the prompt against those of each text written out.</summary>
public sealed class LabelScorerTests
{
    private const long End = 1;

    private static readonly LabelTrie Trie =
        new([[5, 6], [5, 6, 7], [5, 6, 7, 8, 9, 10, 11], [5, 8], [9], [30, 31, 32], [30, 33]], End);

    public static TheoryData<string> Models => new("gemma3", "qwen3", "llama", "mistral");

    [Theory]
    [MemberData(nameof(Models))]
    public void Scores_are_those_of_every_label_written_out(string family)
    {
        using var model = TinyModels.Decoder(family);
        using var prompts = TinyModels.Batch();
        using var scope = NewDisposeScope();

        var scores = LabelScorer.Score(model, prompts, Trie, constrained: false);
        var constrained = LabelScorer.Score(model, prompts, Trie, constrained: true);

        Assert.Equal([3, 7], scores.shape);
        for (var row = 0; row < prompts.Rows; row++)
        {
            for (var label = 0; label < Trie.LabelCount; label++)
            {
                var (plain, among) = WrittenOut(model, prompts, row, Trie.Tokens(label));
                Assert.Equal(plain, scores[row, label].item<float>(), 1e-4);
                Assert.Equal(among, constrained[row, label].item<float>(), 1e-4);
            }
        }

        Assert.True(constrained.exp().sum(1).allclose(ones(3), 1e-5, 1e-5));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void The_label_chosen_is_that_of_constrained_generation(string family)
    {
        using var model = TinyModels.Decoder(family);
        using var prompts = TinyModels.Batch();
        var texts = GreedyGeneration.Run(model, prompts, new GenerationOptions
        {
            MaxNewTokens = 9,
            EndTokens = [End],
            Processors = [new TrieConstraint(Trie)],
        });

        var chosen = LabelScorer.Choose(model, prompts, Trie);

        Assert.All(texts, text => Assert.True(text.Finished));
        Assert.Equal(texts.Select(text => Trie.LabelOf(text.Tokens)), chosen.Select(label => (int?)label));
    }

    [Fact]
    public void A_prompt_alone_scores_as_in_a_batch()
    {
        using var model = TinyModels.Decoder("mistral");
        using var prompts = TinyModels.Batch();
        using var scope = NewDisposeScope();
        var together = LabelScorer.Score(model, prompts, Trie, constrained: false);

        for (var row = 0; row < prompts.Rows; row++)
        {
            var text = Prompt(prompts, row);
            using var alone = new TokenBatch(text, 1, text.Length);
            Assert.True(LabelScorer.Score(model, alone, Trie, constrained: false)[0].allclose(together[row], 1e-5, 1e-5));
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void What_prompts_begin_with_in_common_is_read_once_with_the_same_result(string family)
    {
        using var model = TinyModels.Decoder(family);
        using var prompts = new TokenBatch(
            [0, 0, 5, 9, 33, 8, 61, 42, 5, 9, 33, 8, 61, 20, 21, 22, 0, 5, 9, 33, 8, 61, 42, 17],
            3,
            8,
            [0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1]);
        using var scope = NewDisposeScope();
        var together = LabelScorer.Score(model, prompts, Trie, constrained: false);
        var texts = GreedyGeneration.Run(model, prompts, new GenerationOptions { MaxNewTokens = 6 });
        for (var row = 0; row < prompts.Rows; row++)
        {
            var text = Prompt(prompts, row);
            using var alone = new TokenBatch(text, 1, text.Length);
            Assert.True(LabelScorer.Score(model, alone, Trie, constrained: false)[0].allclose(together[row], 1e-5, 1e-5));
            Assert.Equal(texts[row].Tokens, GreedyGeneration.Run(model, alone, new GenerationOptions { MaxNewTokens = 6 })[0].Tokens);
        }
    }

    [Fact]
    public void Labels_that_differ_in_their_first_token_need_no_more_than_the_prompt()
    {
        using var model = TinyModels.Decoder("gemma3");
        using var prompts = TinyModels.Batch();
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var trie = new LabelTrie([[7, 8], [9], [10, 11, 12]], End);
        var logits = model.Logits(model.HiddenAt(prompts, prompts.LastAttended(), DropoutContext.None));

        var scores = LabelScorer.Score(model, prompts, trie, constrained: true);

        var among = logits.index_select(1, tensor(new long[] { 7, 9, 10 })).log_softmax(1);
        Assert.True(scores.allclose(among, 1e-4, 1e-4));
    }

    [Fact]
    public void An_empty_prompt_is_refused()
    {
        using var model = TinyModels.Decoder("gemma3");
        using var prompts = new TokenBatch([5, 6, 0, 0], 2, 2, [1, 1, 0, 0]);

        var error = Assert.Throws<ArgumentException>(() => LabelScorer.Choose(model, prompts, Trie));

        Assert.Contains("prompt 1 has no tokens", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Sum of the log-probabilities of a label's tokens, without cache: of all tokens, and of those allowed.</summary>
    private static (double Plain, double Among) WrittenOut(
        Transformer model, TokenBatch prompts, int row, IReadOnlyList<long> label)
    {
        using var off = no_grad();
        var prompt = Prompt(prompts, row);
        long[] ids = [.. prompt, .. label];
        using var batch = new TokenBatch(ids, 1, ids.Length);
        var logits = model.Logits(model.Hidden(batch, DropoutContext.None)[0]);
        var (plain, among) = (0.0, 0.0);
        for (var at = 0; at < label.Count; at++)
        {
            var line = logits[prompt.Length + at - 1];
            var allowed = tensor(Trie.Next([.. label.Take(at)]).ToArray());
            plain += (line[label[at]] - line.logsumexp(0)).item<float>();
            among += (line[label[at]] - line.index_select(0, allowed).logsumexp(0)).item<float>();
        }

        return (plain, among);
    }

    private static long[] Prompt(TokenBatch batch, int row) =>
        [.. Enumerable.Range(row * batch.Length, batch.Length).Where(at => batch.Attended[at]).Select(at => batch.Ids[at])];
}
