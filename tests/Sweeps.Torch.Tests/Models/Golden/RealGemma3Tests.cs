using System.Text.Json;
using Sweeps.Data.Readers;
using Sweeps.Data.Tokenizers;
using Sweeps.Models;
using Sweeps.Models.Generation;
using Sweeps.Models.Heads;
using Sweeps.Models.Loading;
using Sweeps.Models.Methods;
using Sweeps.Models.Methods.Full;
using Sweeps.Models.Methods.Lora;
using Sweeps.Models.Ops;
using Sweeps.Models.Optim;
using Xunit;
using static TorchSharp.torch;

namespace Sweeps.Torch.Tests.Models.Golden;

/// <summary>Gemma 3 270M, real weights in sharded bf16, against transformers and PEFT.</summary>
[Trait("Category", "Golden")]
[Trait("Category", "Slow")]
public sealed class RealGemma3Tests
{
    private static JsonElement Check => ReadCheck();

    [Fact]
    public void Logits_of_prompts()
    {
        using var model = Load();
        using var off = no_grad();
        foreach (var (ids, single) in Check.GetProperty("ids").EnumerateArray().Zip(Check.GetProperty("single").EnumerateArray()))
        {
            using var scope = NewDisposeScope();
            var row = GoldenCase.Longs(ids);
            using var batch = new TokenBatch(row, 1, row.Length);
            var logits = model.Logits(model.HiddenAt(batch, batch.LastAttended(), DropoutContext.None)).view(-1);
            var (values, indices) = logits.topk(10);

            Assert.Equal(GoldenCase.Longs(single.GetProperty("top10_ids")), indices.data<long>().ToArray());
            Compare("top 10", single.GetProperty("top10_logits"), values);
            Compare("first 8", single.GetProperty("logits_first8"), logits.narrow(0, 0, 8));
            Compare("logsumexp", single.GetProperty("logsumexp"), logits.logsumexp(0));
        }
    }

    [Fact]
    public void Ids_of_prompts_and_left_padded_generation_in_a_batch()
    {
        var tokenizer = TokenizerLoader.Load(Folder());
        var rows = Check.GetProperty("prompts").EnumerateArray()
            .Select(prompt => Array.ConvertAll(tokenizer.Encode(prompt.GetString()!), id => (long)id))
            .ToList();
        Assert.Equal(Check.GetProperty("ids").EnumerateArray().Select(GoldenCase.Longs), rows);
        var length = rows.Max(row => row.Length);
        using var model = Load();
        using var prompts = new TokenBatch(
            [.. rows.SelectMany(row => new long[length - row.Length].Concat(row))],
            rows.Count,
            length,
            [.. rows.SelectMany(row => new long[length - row.Length].Concat(Enumerable.Repeat(1L, row.Length)))]);

        var texts = GreedyGeneration.Run(model, prompts, new GenerationOptions { MaxNewTokens = 24 });

        Assert.Equal(
            Check.GetProperty("left_padded_batch_greedy24").EnumerateArray().Select(GoldenCase.Longs),
            texts.Select(text => text.Tokens));
        Assert.Equal(
            Check.GetProperty("greedy_text").EnumerateArray().Select(text => text.GetString()),
            texts.Select(text => tokenizer.Decode([.. text.Tokens.Select(id => (int)id)])));
    }

    [Fact]
    public void A_text_longer_than_the_window()
    {
        var check = Check.GetProperty("long_text_900_tokens");
        var table = DataReader.Read(SharedFiles.Need("data/banking77/train.csv"));
        var text = string.Join(' ', table.Rows.Take(90).Select(row => row["text"].Trim()));
        var ids = Array.ConvertAll(TokenizerLoader.Load(Folder()).Encode(text)[..900], id => (long)id);
        using var model = Load();
        using var scope = NewDisposeScope();
        using var off = no_grad();
        using var batch = new TokenBatch(ids, 1, ids.Length);
        var (positions, targets) = CausalLanguageLoss.Supervised(ids, 1, ids.Length);
        var hidden = model.Hidden(batch, DropoutContext.None);

        var loss = CausalLanguageLoss.Loss(model, hidden, batch, positions, targets);
        var (values, indices) = model.Logits(hidden[0, -1].unsqueeze(0)).view(-1).topk(5);

        GoldenCase.AssertRelative(check.GetProperty("loss").GetDouble(), loss.item<float>(), 1e-4, "loss");
        Assert.Equal(GoldenCase.Longs(check.GetProperty("last_top5_ids")), indices.data<long>().ToArray());
        Compare("long text, last top 5", check.GetProperty("last_top5_logits"), values);
    }

    [Theory]
    [InlineData("full_lr5e-5_loss_gradnorm", 5e-5)]
    [InlineData("full_frozen14_lr5e-5_loss_gradnorm", 5e-5)]
    [InlineData("lora_r8_a16_all_linear_lr2e-4_loss_gradnorm", 2e-4)]
    public void Three_training_steps(string field, double learningRate)
    {
        using var model = Load();
        using TrainingMethod method = field.StartsWith("full", StringComparison.Ordinal)
            ? new FullFineTuning(model, [], field.Contains("frozen14", StringComparison.Ordinal) ? 14 : 0)
            : SineAdapters(model);
        using var optimiser = new AdamW(method.Trainable);
        var train = Check.GetProperty("train_batch");
        var ids = GoldenCase.Longs(train.GetProperty("input_ids"));
        var rows = train.GetProperty("input_ids").GetArrayLength();
        var mask = train.TryGetProperty("attention_mask", out var given)
            ? GoldenCase.Longs(given)
            : Array.ConvertAll(ids, id => id == 0 ? 0L : 1L);
        using var batch = new TokenBatch(ids, rows, ids.Length / rows, mask);
        var (positions, targets) = CausalLanguageLoss.Supervised(
            GoldenCase.Longs(train.GetProperty("labels")), rows, ids.Length / rows);

        var losses = new Worst($"Gemma 3 270M {field}, losses", 1e-4);
        var norms = new Worst($"Gemma 3 270M {field}, gradient norms", 1e-3);
        foreach (var step in Check.GetProperty(field).EnumerateArray())
        {
            using var scope = NewDisposeScope();
            optimiser.ZeroGradients();
            var loss = CausalLanguageLoss.Loss(model, batch, positions, targets, DropoutContext.None);
            losses.Relative(step[0].GetDouble(), loss.item<float>(), "loss");
            if (step[1].ValueKind == JsonValueKind.Null)
            {
                break;
            }

            loss.backward();
            norms.Relative(step[1].GetDouble(), GradientClipping.Clip(method.Trainable, 1), "gradient norm");
            optimiser.Step(learningRate);
        }

        losses.Check();
        norms.Check();
    }

    private static LoraFineTuning SineAdapters(Transformer model)
    {
        var lora = new LoraFineTuning(model, [], new LoraOptions { Rank = 8, Alpha = 16 });
        Assert.Equal(Check.GetProperty("lora_trainable").GetInt64(), lora.TrainableCount);
        using var off = no_grad();
        foreach (var parameter in lora.AdapterParameters.Where(p => p.Name.Contains("lora_A", StringComparison.Ordinal)))
        {
            var (rank, width) = ((int)parameter.Value.size(0), (int)parameter.Value.size(1));
            using var start = tensor(
                Enumerable.Range(0, rank * width).Select(k => (float)(0.02 * Math.Sin((1.3 * (k / width)) + (0.7 * (k % width))))).ToArray(),
                [rank, width]);
            parameter.Value.copy_(start);
        }

        return lora;
    }

    private static void Compare(string what, JsonElement expected, Tensor actual)
    {
        var worst = new Worst($"Gemma 3 270M {what}", 2e-3);
        var (wanted, found) = (GoldenCase.Floats(expected), actual.view(-1).data<float>().ToArray());
        Assert.Equal(wanted.Length, found.Length);
        for (var i = 0; i < wanted.Length; i++)
        {
            worst.Absolute(wanted[i], found[i], $"value {i}");
        }

        worst.Check();
    }

    private static string Folder() => Path.Combine(RealModels.Folder(), "gemma-3-270m-32k");

    private static Transformer Load() => ModelFamilies.Load(Folder());

    private static JsonElement ReadCheck()
    {
        using var checks = JsonDocument.Parse(File.ReadAllBytes(SharedFiles.Need("models/checks.json")));
        return checks.RootElement.GetProperty("gemma-3-270m-32k").Clone();
    }
}
