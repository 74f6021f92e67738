using Sweeps.Models;
using Sweeps.Models.Generation;
using Sweeps.Models.Methods.Prompts;
using Sweeps.Models.Ops;
using Xunit;
using static TorchSharp.torch;

namespace Sweeps.Torch.Tests.Models.Generation;

/// <summary>
/// Writing and scoring under prefix and prompt tuning, with prompts that begin alike: what they share is read once, behind
/// the virtual tokens, and gives what each prompt gives alone and without a cache.
/// </summary>
public sealed class VirtualTokenGenerationTests
{
    private const long End = 1;

    private static readonly LabelTrie Trie = new([[5, 6], [5, 6, 7], [5, 8], [9], [30, 31, 32]], End);

    /// <summary>Six tokens in common; then one, three and two of their own.</summary>
    private static readonly long[][] Prompts = [[2, 40, 41, 42, 43, 44, 10], [2, 40, 41, 42, 43, 44, 11, 12, 13], [2, 40, 41, 42, 43, 44, 14, 15]];

    public static TheoryData<string, string> Kinds => new()
    {
        { "gemma3", "prefix" },
        { "gemma3", "prompt" },
        { "qwen3", "prefix" },
        { "qwen3", "prompt" },
        { "mistral", "prompt" },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Scores_of_prompts_that_begin_alike_are_those_of_each_written_out(string family, string kind)
    {
        using var model = TinyModels.Decoder(family);
        using var method = Tuned(model, kind);
        using var batch = Batch(Prompts);
        using var scope = NewDisposeScope();

        var together = LabelScorer.Score(model, batch, Trie, constrained: false);

        for (var row = 0; row < Prompts.Length; row++)
        {
            using var one = Batch([Prompts[row]]);
            Assert.True(LabelScorer.Score(model, one, Trie, constrained: false)[0].allclose(together[row], 1e-5, 1e-5));
            for (var label = 0; label < Trie.LabelCount; label++)
            {
                Assert.Equal(WrittenOut(model, Prompts[row], Trie.Tokens(label)), together[row, label].item<float>(), 1e-4);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Texts_after_prompts_that_begin_alike_are_those_after_each(string family, string kind)
    {
        using var model = TinyModels.Decoder(family);
        using var method = Tuned(model, kind);
        using var batch = Batch(Prompts);
        var options = new GenerationOptions { MaxNewTokens = 8 };

        var together = GreedyGeneration.Run(model, batch, options);

        for (var row = 0; row < Prompts.Length; row++)
        {
            using var one = Batch([Prompts[row]]);
            Assert.Equal(GreedyGeneration.Run(model, one, options)[0].Tokens, together[row].Tokens);
            Assert.Equal(Written(model, Prompts[row], 8), together[row].Tokens);
        }
    }

    /// <summary>Virtual tokens that matter: a new prefix is small.</summary>
    private static VirtualTokens Tuned(Transformer model, string kind)
    {
        var options = new PromptOptions { VirtualTokens = 5, Seed = 3 };
        VirtualTokens method = kind == "prefix" ? new PrefixTuning(model, [], options) : new PromptTuning(model, [], options);
        using var off = no_grad();
        using var generator = new Generator(11, CPU);
        foreach (var parameter in method.Trainable)
        {
            using var noise = randn(parameter.Value.shape, generator: generator);
            parameter.Value.copy_(noise);
        }

        return method;
    }

    /// <summary>Log-probability of a label's tokens, with the whole text read at once.</summary>
    private static float WrittenOut(Transformer model, long[] prompt, IReadOnlyList<long> label)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        long[] text = [.. prompt, .. label];
        using var batch = Batch([text]);
        var chances = model.Logits(model.Hidden(batch, DropoutContext.None)[0]).log_softmax(1);
        return Enumerable.Range(0, label.Count).Sum(at => chances[prompt.Length - 1 + at, label[at]].item<float>());
    }

    /// <summary>Greedy tokens with the whole text read anew for each.</summary>
    private static long[] Written(Transformer model, long[] prompt, int count)
    {
        var text = prompt.ToList();
        for (var step = 0; step < count; step++)
        {
            using var scope = NewDisposeScope();
            using var off = no_grad();
            using var batch = Batch([[.. text]]);
            text.Add(model.Logits(model.Hidden(batch, DropoutContext.None)[0, -1].unsqueeze(0)).argmax(1).item<long>());
        }

        return [.. text.Skip(prompt.Length)];
    }

    private static TokenBatch Batch(long[][] texts)
    {
        var length = texts.Max(text => text.Length);
        return new TokenBatch(
            [.. texts.SelectMany(text => text.Concat(Enumerable.Repeat(0L, length - text.Length)))],
            texts.Length,
            length,
            [.. texts.SelectMany(text => Enumerable.Repeat(1L, text.Length).Concat(Enumerable.Repeat(0L, length - text.Length)))]);
    }
}
