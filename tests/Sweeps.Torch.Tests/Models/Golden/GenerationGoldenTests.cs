using System.Text.Json;
using Sweeps.Models;
using Sweeps.Models.Generation;
using Sweeps.Models.Loading;
using Sweeps.Models.Safetensors;
using Xunit;
using static TorchSharp.torch;

namespace Sweeps.Torch.Tests.Models.Golden;

/// <summary>Greedy generation with a cache, left padded, against transformers' generate: tokens, and the top 5 of each step.</summary>
[Trait("Category", "Golden")]
public sealed class GenerationGoldenTests
{
    private const double Tolerance = 1e-4;

    public static TheoryData<string, string> Cases
    {
        get
        {
            var cases = new TheoryData<string, string>();
            foreach (var file in (string[])["gemma3_deep", "qwen3_lm_tied", "llama_lm", "llama3_rope_lm", "mistral_lm"])
            {
                foreach (var kind in (string[])
                    ["greedy_no_eos", "greedy_eos", "allowed_tokens", "multiply_logits", "allowed_then_multiply", "two_eos"])
                {
                    cases.Add(file, kind);
                }
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Equals_the_reference(string file, string kind)
    {
        var json = GoldenCase.Read($"generate_{file}");
        var one = json.GetProperty("cases").EnumerateArray().Single(each => each.GetProperty("kind").GetString() == kind);
        using var model = Load(file, json);
        using var prompts = GoldenCase.BatchOf(json);

        var steps = Check($"generate_{file} {kind}", one, options => GreedyGeneration.Run(model, prompts, options), json);

        Assert.Equal(one.GetProperty("steps").GetArrayLength(), steps);
    }

    [Theory]
    [InlineData("gemma3_deep")]
    [InlineData("mistral_lm")]
    [InlineData("llama3_rope_lm")]
    public void A_prompt_alone_or_padded_on_the_right_gives_the_same(string file)
    {
        var json = GoldenCase.Read($"generate_{file}");
        using var model = Load(file, json);
        using var prompts = GoldenCase.BatchOf(json);
        var options = new GenerationOptions { MaxNewTokens = 24 };
        var together = GreedyGeneration.Run(model, prompts, options);
        var (ids, mask) = (new long[prompts.Rows * prompts.Length], new long[prompts.Rows * prompts.Length]);

        for (var row = 0; row < prompts.Rows; row++)
        {
            var text = Text(prompts, row);
            text.CopyTo(ids, row * prompts.Length);
            Array.Fill(mask, 1, row * prompts.Length, text.Length);
            using var alone = new TokenBatch(text, 1, text.Length);
            Assert.Equal(together[row].Tokens, GreedyGeneration.Run(model, alone, options)[0].Tokens);
        }

        using var right = new TokenBatch(ids, prompts.Rows, prompts.Length, mask);
        Assert.Equal(together.Select(text => text.Tokens), GreedyGeneration.Run(model, right, options).Select(text => text.Tokens));
    }

    public static TheoryData<string, string> WrittenCases
    {
        get
        {
            var cases = new TheoryData<string, string>();
            foreach (var file in (string[])["t5_v10_relu_tied", "flan_t5_gated_untied"])
            {
                foreach (var kind in (string[])
                    ["greedy_no_eos", "greedy_eos", "allowed_tokens", "multiply_logits", "constrained_labels"])
                {
                    cases.Add(file, kind);
                }
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(WrittenCases))]
    public void What_an_encoder_decoder_writes_equals_the_reference(string file, string kind)
    {
        var json = GoldenCase.Read($"generate_{file}");
        var one = json.GetProperty("cases").EnumerateArray().Single(each => each.GetProperty("kind").GetString() == kind);
        using var golden = GoldenCase.Load(file);
        using var texts = GoldenCase.BatchOf(json);

        var steps = Check(
            $"generate_{file} {kind}",
            one,
            options => GreedyGeneration.Run(golden.Model, texts, kind == "constrained_labels"
                ? options with { Processors = [new TrieConstraint(Labels(json))] }
                : options),
            json);

        Assert.Equal(one.GetProperty("steps").GetArrayLength(), steps);
    }

    [Theory]
    [InlineData("t5_v10_relu_tied")]
    [InlineData("flan_t5_gated_untied")]
    public void Every_label_has_the_score_of_the_reference_after_one_reading(string file)
    {
        var json = GoldenCase.Read($"generate_{file}");
        var constrained = json.GetProperty("cases").EnumerateArray()
            .Single(each => each.GetProperty("kind").GetString() == "constrained_labels");
        using var golden = GoldenCase.Load(file);
        using var texts = GoldenCase.BatchOf(json);
        var trie = Labels(json);
        using var scores = LabelScorer.Score(golden.Model, texts, trie, constrained: false);
        var sums = json.GetProperty("label_scores").GetProperty("sum_log_prob");
        var means = json.GetProperty("label_scores").GetProperty("mean_log_prob");
        var worst = new Worst($"generate_{file} label scores", Tolerance);
        for (var row = 0; row < texts.Rows; row++)
        {
            for (var label = 0; label < trie.LabelCount; label++)
            {
                var score = scores[row, label].item<float>();
                worst.Absolute(sums[row][label].GetDouble(), score, $"row {row}, label {label}");
                worst.Absolute(
                    means[row][label].GetDouble(), score / trie.Tokens(label).Count, $"row {row}, label {label}, mean");
            }
        }

        worst.Check();
        Assert.Equal(
            GoldenCase.Longs(json.GetProperty("label_scores").GetProperty("argmax_sum")),
            scores.argmax(1).data<long>().ToArray());
        Assert.Equal(
            constrained.GetProperty("generated").EnumerateArray().Select(row => trie.LabelOf(GoldenCase.Longs(row))!.Value),
            LabelScorer.Choose(golden.Model, texts, trie));
    }

    /// <summary>Runs a case with the options it names and compares; returns the number of steps.</summary>
    internal static int Check(
        string what, JsonElement one, Func<GenerationOptions, IReadOnlyList<GeneratedText>> run, JsonElement file)
    {
        var raw = new Worst($"{what} logits", Tolerance);
        var processed = new Worst($"{what} scores", Tolerance);
        var taken = 0;
        var eos = one.GetProperty("eos_token_id");
        var pad = file.GetProperty("pad_token_id").GetInt64();
        var options = new GenerationOptions
        {
            MaxNewTokens = file.GetProperty("max_new_tokens").GetInt32(),
            EndTokens = eos.ValueKind == JsonValueKind.Null ? [] : GoldenCase.Longs(eos),
            PadToken = pad,
            Processors = [.. Processors(one)],
            Observe = step =>
            {
                var expected = one.GetProperty("steps")[taken++];
                for (var row = 0; row < step.Tokens.Count; row++)
                {
                    if (expected[row].ValueKind == JsonValueKind.Null)
                    {
                        Assert.Null(step.Tokens[row]);
                        continue;
                    }

                    Assert.Equal(expected[row].GetProperty("token").GetInt64(), step.Tokens[row]);
                    Compare(raw, expected[row], "logits_top5", step.Logits[row]);
                    Compare(processed, expected[row], "scores_top", step.Scores[row]);
                }
            },
        };

        var texts = run(options);

        raw.Check();
        processed.Check();
        var generated = one.GetProperty("generated");
        for (var row = 0; row < texts.Count; row++)
        {
            var wanted = GoldenCase.Longs(generated[row]);
            Assert.Equal(wanted, texts[row].Tokens.Concat(Enumerable.Repeat(pad, wanted.Length - texts[row].Tokens.Count)));
            Assert.Equal(one.GetProperty("finished")[row].GetBoolean(), texts[row].Finished);
        }

        return taken;

        void Compare(Worst worst, JsonElement expected, string field, Tensor actual)
        {
            var ids = GoldenCase.Longs(expected.GetProperty(field + "_ids"));
            var values = GoldenCase.Floats(expected.GetProperty(field));
            var (own, _) = actual.topk(values.Length);
            for (var i = 0; i < values.Length; i++)
            {
                worst.Absolute(values[i], actual[ids[i]].item<float>(), $"step {taken - 1}, token {ids[i]}");
                worst.Absolute(values[i], own[i].item<float>(), $"step {taken - 1}, rank {i}");
            }
        }
    }

    private static IEnumerable<ILogitsProcessor> Processors(JsonElement one)
    {
        if (one.TryGetProperty("allowed_token_ids", out var allowed))
        {
            yield return new AllowedTokens(GoldenCase.Longs(allowed));
        }

        if (one.TryGetProperty("boosted_token_ids", out var boosted))
        {
            yield return new MultipliedLogits(GoldenCase.Longs(boosted), one.GetProperty("factor").GetDouble());
        }
    }

    private static LabelTrie Labels(JsonElement json) =>
        new([.. json.GetProperty("labels").EnumerateArray().Select(GoldenCase.Longs)], endToken: 1);

    private static Transformer Load(string file, JsonElement json)
    {
        using var folder = SafetensorsFolder.OpenFile(SharedFiles.Golden(file + ".safetensors"));
        return ModelFamilies.Load(ModelConfig.Parse(file, json.GetProperty("config").GetRawText()), folder);
    }

    private static long[] Text(TokenBatch batch, int row) =>
        [.. Enumerable.Range(row * batch.Length, batch.Length).Where(at => batch.Attended[at]).Select(at => batch.Ids[at])];
}
