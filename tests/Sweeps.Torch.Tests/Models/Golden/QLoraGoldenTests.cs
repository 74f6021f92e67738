using System.Text.Json;
using Sweeps.Models;
using Sweeps.Models.Heads;
using Sweeps.Models.Loading;
using Sweeps.Models.Methods.Adapters;
using Sweeps.Models.Methods.Lora;
using Sweeps.Models.Ops;
using Sweeps.Models.Optim;
using Sweeps.Models.Quantization;
using Sweeps.Models.Safetensors;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Sweeps.Torch.Tests.Models.Golden;

/// <summary>QLoRA against transformers, PEFT and bitsandbytes, in four combinations of types.</summary>
[Trait("Category", "Golden")]
public sealed class QLoraGoldenTests
{
    public static TheoryData<string, int> Cases
    {
        get
        {
            var cases = new TheoryData<string, int>();
            foreach (var file in new[] { "qlora_qwen3", "qlora_gemma3" })
            {
                for (var number = 0; number < 4; number++)
                {
                    cases.Add(file, number);
                }
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_quantised_model_equals_the_reference(string file, int number)
    {
        var json = GoldenCase.Read(file);
        var expected = json.GetProperty("cases")[number];
        using var model = Load(json, file + "_base", ModelType(expected), OptionsOf(expected));

        Assert.Equal(
            expected.GetProperty("quantized_modules").EnumerateArray().Select(name => name.GetString()).Order(StringComparer.Ordinal),
            model.Parameters.Where(p => p.IsPacked).Select(p => p.Name[..^".weight".Length]).Order(StringComparer.Ordinal));
        var (most, typical) = IsExact(expected) ? (5e-5, 5e-5) : ModelType(expected) == ScalarType.BFloat16 ? (0.15, 0.03) : (0.05, 0.01);
        CheckLogits($"{file} {number} quantised", expected.GetProperty("logits_quantized"), model, json, most, typical);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Training_the_adapter_equals_the_reference(string file, int number)
    {
        var json = GoldenCase.Read(file);
        var expected = json.GetProperty("cases")[number];
        var isExact = IsExact(expected);

        // Before training, what is not quantised is brought back to 32 bits; it keeps the rounding of the model's type.
        using var folder = new TempFolder();
        using var model = ModelType(expected) == ScalarType.Float32
            ? Load(json, file + "_base", ScalarType.Float32, OptionsOf(expected))
            : Load(json, Rounded(file + "_base", folder), ScalarType.Float32, OptionsOf(expected));
        using var lora = new LoraFineTuning(model, [], new LoraOptions
        {
            Rank = json.GetProperty("r").GetInt32(),
            Alpha = json.GetProperty("lora_alpha").GetDouble(),
            Targets = TargetModules.Named([.. json.GetProperty("target_modules").EnumerateArray().Select(name => name.GetString()!)]),
        });
        LoraGoldenTests.ReadInto(lora, SharedFiles.Golden(file + "_adapter.safetensors"));
        var name = $"{file} {number}";

        CheckLogits(name, expected.GetProperty("logits"), model, json, isExact ? 5e-5 : 0.05, isExact ? 5e-5 : 0.01);
        CheckInputGradient(name, expected, model, json, isExact);
        CheckGradients(name, expected, lora, model, json, isExact);
        CheckTraining(name, expected, lora, model, json, isExact);
    }

    [Theory]
    [InlineData("qlora_qwen3")]
    [InlineData("qlora_gemma3")]
    public void The_folder_that_bitsandbytes_wrote_loads_and_is_written_the_same(string file)
    {
        var json = GoldenCase.Read(file);
        var path = SharedFiles.Golden(file + "_nf4.safetensors");
        var config = System.Text.Json.Nodes.JsonNode.Parse(json.GetProperty("config").GetRawText())!.AsObject();
        config["quantization_config"] =
            System.Text.Json.Nodes.JsonNode.Parse(json.GetProperty("quantization_config_saved").GetRawText());
        using var stored = SafetensorsFolder.OpenFile(path);
        using var model = ModelFamilies.Load(ModelConfig.Parse("golden", config.ToJsonString()), stored);

        Assert.True(model.IsQuantised);
        CheckLogits($"{file} pre-quantised", json.GetProperty("cases")[1].GetProperty("logits_quantized"), model, json, 5e-5, 5e-5);

        using var scope = NewDisposeScope();
        var written = model.Parameters.SelectMany(parameter => parameter.Stored()).ToDictionary(p => p.Key, p => p.Value);
        Assert.Equal(stored.Names.Order(StringComparer.Ordinal), written.Keys.Order(StringComparer.Ordinal));
        foreach (var name in stored.Names)
        {
            Assert.Equal(stored.Read(name).bytes.ToArray(), written[name].bytes.ToArray());
            Assert.Equal(stored.Find(name)!.Shape, written[name].shape);
        }

        Assert.True(System.Text.Json.Nodes.JsonNode.DeepEquals(
            config["quantization_config"], BitsAndBytesConfig.Write(new Nf4Options { DoubleQuantised = true })));
    }

    [Theory]
    [InlineData("qlora_qwen3")]
    [InlineData("qlora_gemma3")]
    public void Quantising_here_gives_the_folder_of_the_reference(string file)
    {
        var json = GoldenCase.Read(file);
        using var model = Load(json, file + "_base", ScalarType.Float32, new Nf4Options { DoubleQuantised = true });
        using var stored = SafetensorsFile.Open(SharedFiles.Golden(file + "_nf4.safetensors"));
        using var scope = NewDisposeScope();

        foreach (var (name, value) in model.Parameters.SelectMany(parameter => parameter.Stored()))
        {
            Assert.True(stored.Read(name).bytes.SequenceEqual(value.bytes), name);
        }
    }

    private static void CheckInputGradient(string name, JsonElement expected, Transformer model, JsonElement json, bool isExact)
    {
        using var scope = NewDisposeScope();
        using var batch = GoldenCase.BatchOf(json);
        var embedded = model.Embed(batch, DropoutContext.None).detach().requires_grad_(true);
        var hidden = model.Finish(model.RunBlocks(embedded, batch, 0, model.LayerCount, DropoutContext.None));
        Loss(model, hidden, batch, json).backward();
        var gradient = embedded.grad!;
        var norm = new Worst($"{name} norm of the input's gradient", isExact ? 1e-4 : 2e-2);
        norm.Relative(expected.GetProperty("grad_embedding_output_norm").GetDouble(), gradient.norm().item<float>(), "norm");
        norm.Check();
        var largest = new Worst($"{name} input's gradient", isExact ? 1e-4 : 2e-2);
        var values = GoldenCase.Floats(expected.GetProperty("grad_embedding_output_row0"));
        var found = gradient[0][0].data<float>().ToArray();
        for (var i = 0; i < values.Length; i++)
        {
            largest.Absolute(values[i], found[i], $"column {i}");
        }

        largest.Check();
        Clear(model.Parameters.Where(parameter => !parameter.IsPacked));
    }

    private static void CheckGradients(
        string name, JsonElement expected, LoraFineTuning lora, Transformer model, JsonElement json, bool isExact)
    {
        using var scope = NewDisposeScope();
        using var batch = GoldenCase.BatchOf(json);
        Clear(lora.Trainable);
        var loss = Loss(model, model.Hidden(batch, DropoutContext.None), batch, json);
        loss.backward();
        var losses = new Worst($"{name} loss", isExact ? 1e-5 : 0.01);
        losses.Relative(expected.GetProperty("loss").GetDouble(), loss.item<float>(), "loss");
        losses.Check();
        var worst = new Worst($"{name} gradient norms", isExact ? 1e-4 : 2e-2);
        foreach (var parameter in lora.Trainable)
        {
            worst.Relative(
                expected.GetProperty("grad_norms").GetProperty(LoraGoldenTests.NameInMemory(parameter.Name)).GetDouble(),
                GradientClipping.Norm([parameter]),
                parameter.Name);
        }

        worst.Relative(expected.GetProperty("total_grad_norm").GetDouble(), GradientClipping.Norm(lora.Trainable), "total");
        worst.Check();
        Clear(lora.Trainable);
    }

    private static void CheckTraining(
        string name, JsonElement expected, LoraFineTuning lora, Transformer model, JsonElement json, bool isExact)
    {
        using var batch = GoldenCase.BatchOf(json);
        using var optimiser = new AdamW(lora.Trainable, new AdamWOptions { WeightDecay = 0.01 });
        var tolerance = isExact ? 1e-4 : 1e-2;
        var losses = new Worst($"{name} losses of five steps", tolerance);
        var norms = new Worst($"{name} gradient norms of five steps", tolerance);
        foreach (var row in expected.GetProperty("train5_loss_gradnorm_lr").EnumerateArray())
        {
            using var scope = NewDisposeScope();
            optimiser.ZeroGradients();
            var loss = Loss(model, model.Hidden(batch, DropoutContext.None), batch, json);
            loss.backward();
            losses.Relative(row[0].GetDouble(), loss.item<float>(), "step");
            norms.Relative(row[1].GetDouble(), GradientClipping.Clip(lora.Trainable, 1.0), "step");
            optimiser.Step(row[2].GetDouble());
        }

        using (NewDisposeScope())
        {
            var last = Loss(model, model.Hidden(batch, DropoutContext.None), batch, json);
            losses.Relative(expected.GetProperty("final_loss").GetDouble(), last.item<float>(), "after the last");
        }

        losses.Check();
        norms.Check();
        var lengths = new Worst($"{name} trained adapter", tolerance);
        foreach (var parameter in lora.Trainable)
        {
            using var length = parameter.Value.detach().norm();
            lengths.Relative(
                expected.GetProperty("final_adapter_norms").GetProperty(parameter.Name).GetDouble(), length.item<float>(), parameter.Name);
        }

        lengths.Check();
    }

    private static void CheckLogits(
        string name, JsonElement expected, Transformer model, JsonElement json, double most, double typical)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        using var batch = GoldenCase.BatchOf(json);
        var values = GoldenCase.Floats(expected);
        var found = model.Logits(model.Hidden(batch, DropoutContext.None).view(-1, model.HiddenSize))
            .to_type(ScalarType.Float32)
            .data<float>()
            .ToArray();
        Assert.Equal(values.Length, found.Length);
        var worst = new Worst($"{name} logits", most);
        var (squares, count) = (0.0, 0);
        for (var i = 0; i < values.Length; i++)
        {
            if (batch.Attended[i / model.VocabularySize])
            {
                worst.Absolute(values[i], found[i], $"row {i / model.VocabularySize}");
                squares += Math.Pow(values[i] - found[i], 2);
                count++;
            }
        }

        worst.Check();
        var root = new Worst($"{name} root mean square of logits", typical);
        root.Absolute(0, Math.Sqrt(squares / count), "all");
        root.Check();
    }

    private static Tensor Loss(Transformer model, Tensor hidden, TokenBatch batch, JsonElement json)
    {
        var (positions, targets) = CausalLanguageLoss.Supervised(GoldenCase.Longs(json.GetProperty("labels")), batch.Rows, batch.Length);
        return CausalLanguageLoss.Loss(model, hidden, batch, positions, targets);
    }

    private static Transformer Load(JsonElement json, string weights, ScalarType type, Nf4Options options)
    {
        using var folder = SafetensorsFolder.OpenFile(Path.IsPathRooted(weights) ? weights : SharedFiles.Golden(weights + ".safetensors"));
        return ModelFamilies.Load(
            ModelConfig.Parse("golden", json.GetProperty("config").GetRawText()),
            folder,
            new LoadOptions { Type = type, Quantization = options });
    }

    /// <summary>A file with the same weights in bfloat16.</summary>
    private static string Rounded(string weights, TempFolder folder)
    {
        using var scope = NewDisposeScope();
        using var file = SafetensorsFile.Open(SharedFiles.Golden(weights + ".safetensors"));
        SafetensorsWriter.Save(
            folder["rounded.safetensors"],
            file.Tensors.Keys.Select(name => KeyValuePair.Create(name, file.Read(name, ScalarType.BFloat16))));
        return folder["rounded.safetensors"];
    }

    private static Nf4Options OptionsOf(JsonElement json) => new()
    {
        DoubleQuantised = json.GetProperty("double_quant").GetBoolean(),
        ComputeType = TypeOf(json.GetProperty("compute_dtype")),
    };

    private static ScalarType ModelType(JsonElement json) => TypeOf(json.GetProperty("model_dtype"));

    private static bool IsExact(JsonElement json) =>
        ModelType(json) == ScalarType.Float32 && TypeOf(json.GetProperty("compute_dtype")) == ScalarType.Float32;

    private static ScalarType TypeOf(JsonElement name) =>
        name.GetString() == "bfloat16" ? ScalarType.BFloat16 : ScalarType.Float32;

    private static void Clear(IEnumerable<NamedParameter> parameters)
    {
        foreach (var parameter in parameters)
        {
            parameter.Value.grad = null;
        }
    }
}
