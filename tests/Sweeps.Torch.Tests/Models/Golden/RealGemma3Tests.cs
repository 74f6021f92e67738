using System.Text.Json;
using Sweeps.Models;
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
            Assert.Equal(
                GoldenCase.Floats(single.GetProperty("top10_logits")),
                values.data<float>().ToArray(),
                (a, b) => Math.Abs(a - b) <= 2e-3f);
        }
    }

    [Theory]
    [InlineData("full_frozen14_lr5e-5_loss_gradnorm", 5e-5)]
    [InlineData("lora_r8_a16_all_linear_lr2e-4_loss_gradnorm", 2e-4)]
    public void Three_training_steps(string field, double learningRate)
    {
        using var model = Load();
        using TrainingMethod method = field.StartsWith("full", StringComparison.Ordinal)
            ? new FullFineTuning(model, [], 14)
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

        foreach (var step in Check.GetProperty(field).EnumerateArray())
        {
            using var scope = NewDisposeScope();
            optimiser.ZeroGradients();
            var loss = CausalLanguageLoss.Loss(model, model.Hidden(batch, DropoutContext.None), batch, positions, targets);
            GoldenCase.AssertRelative(step[0].GetDouble(), loss.item<float>(), 1e-4, "loss");
            if (step[1].ValueKind == JsonValueKind.Null)
            {
                break;
            }

            loss.backward();
            GoldenCase.AssertRelative(step[1].GetDouble(), GradientClipping.Clip(method.Trainable, 1), 1e-3, "gradient norm");
            optimiser.Step(learningRate);
        }
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

    private static Transformer Load() => ModelFamilies.Load(Path.Combine(RealModels.Folder(), "gemma-3-270m-32k"));

    private static JsonElement ReadCheck()
    {
        using var checks = JsonDocument.Parse(File.ReadAllBytes(SharedFiles.Need("models/checks.json")));
        return checks.RootElement.GetProperty("gemma-3-270m-32k").Clone();
    }
}
