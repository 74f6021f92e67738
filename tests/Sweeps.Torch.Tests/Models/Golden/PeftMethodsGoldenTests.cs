using System.Text.Json;
using Sweeps.Models;
using Sweeps.Models.Methods.Ia3;
using Sweeps.Models.Methods.Peft;
using Sweeps.Models.Methods.Prompts;
using Sweeps.Models.Ops;
using Sweeps.Models.Safetensors;
using Xunit;
using static TorchSharp.torch;

namespace Sweeps.Torch.Tests.Models.Golden;

/// <summary>
/// Prefix tuning, prompt tuning and IA3 against PEFT: logits, full gradients, training, files, left padding, rows alone and
/// cached greedy generation.
/// </summary>
[Trait("Category", "Golden")]
public sealed class PeftMethodsGoldenTests
{
    // file, absolute tolerance of logits.
    public static TheoryData<string, double> Cases => new()
    {
        { "peft_prefix_llama", 5e-5 },
        { "peft_prompt_qwen3", 3e-5 },
        { "peft_ia3_qwen3", 3e-5 },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Equals_the_reference(string file, double tolerance)
    {
        using var golden = GoldenCase.Load(file);
        using var method = Attach(golden, file);
        Assert.Equal(golden.Json.GetProperty("trainable_count").GetInt64(), method.TrainableCount);
        Assert.All(method.Trainable, parameter => Assert.True(parameter.Decays));

        CheckAllLogits(golden, file, tolerance);
        CheckFullGradients(golden, method, file);
        golden.CheckGradients(method.Trainable, 1e-5, NameInMemory);
        golden.CheckTraining(method.Trainable, 1e-5, 1e-5);
        var norms = golden.Json.GetProperty("final_adapter_norms");
        foreach (var parameter in method.Trainable)
        {
            using var length = parameter.Value.detach().norm();
            GoldenCase.AssertRelative(
                norms.GetProperty(method.SavedName(parameter)).GetDouble(), length.item<float>(), 1e-5, parameter.Name);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Switched_off_it_gives_the_logits_of_the_base(string file, double tolerance)
    {
        using var golden = GoldenCase.Load(file);
        using var method = Attach(golden, file);

        Enable(method, false);
        golden.CheckLogits("logits_adapter_disabled", tolerance);
        Enable(method, true);
        CheckAllLogits(golden, file, tolerance);
        if (method is Ia3FineTuning scales)
        {
            scales.Merge();
            golden.CheckLogits("merged_logits", tolerance);
            scales.Unmerge();
            golden.CheckLogits("logits", tolerance);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Is_saved_as_the_reference_saves_it(string file, double tolerance)
    {
        _ = tolerance;
        using var golden = GoldenCase.Load(file);
        using var method = Attach(golden, file);
        using var folder = new TempFolder();

        PeftAdapter.Save(folder.Path, method);

        Assert.Equal(golden.Json.GetProperty("adapter_config_json").GetString(), File.ReadAllText(folder["adapter_config.json"]));
        using var saved = SafetensorsFile.Open(folder["adapter_model.safetensors"]);
        var keys = golden.Json.GetProperty("adapter_keys").EnumerateObject().ToDictionary(p => p.Name, p => GoldenCase.Longs(p.Value));
        Assert.Equal(keys.Keys.Order(StringComparer.Ordinal), saved.Tensors.Keys.Order(StringComparer.Ordinal));
        Assert.All(saved.Tensors, tensor => Assert.Equal(keys[tensor.Key], tensor.Value.Shape));
        PeftAdapter.Load(folder.Path, method);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void New_tables_start_as_in_the_reference(string file, double tolerance)
    {
        _ = tolerance;
        using var golden = GoldenCase.Load(file);
        using var method = Make(golden, file);
        using var scope = NewDisposeScope();
        using var off = no_grad();
        foreach (var parameter in method.Trainable)
        {
            var start = golden.Json.GetProperty("init").GetProperty(NameInMemory(parameter.Name));
            Assert.Equal(start.GetProperty("std").GetDouble(), parameter.Value.std().item<float>(), 0.12);
            Assert.Equal(start.GetProperty("max").GetDouble(), parameter.Value.max().item<float>(), 0.7);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Left_padding_and_texts_alone_equal_the_reference(string file, double tolerance)
    {
        using var golden = GoldenCase.Load(file);
        using var method = Attach(golden, file);
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var left = golden.Json.GetProperty("left_padded");
        var alone = golden.Json.GetProperty("alone");
        var expected = GoldenCase.Floats(alone.GetProperty("logits_last"));
        var width = golden.Model.VocabularySize;
        var row = 0;
        foreach (var ids in alone.GetProperty("rows").EnumerateArray().Select(GoldenCase.Longs))
        {
            using var text = new TokenBatch(ids, 1, ids.Length);
            Check($"{file} alone", expected.AsSpan(row++ * width, width), LastLogits(golden.Model, text), tolerance);
        }

        var mask = GoldenCase.Longs(left.GetProperty("attention_mask"));
        using var padded = GoldenCase.BatchOf(left);
        Check($"{file} left padded", GoldenCase.Floats(left.GetProperty("logits_last")), LastLogits(golden.Model, padded), tolerance);

        // With positions from the mask every row equals the same text alone. The reference does so for prefixes, but takes column
        // numbers for prompts.
        using var cache = golden.Model.NewCache(padded.Rows);
        using var first = new TokenBatch(GoldenCase.Longs(left.GetProperty("input_ids")), padded.Rows, padded.Length, mask)
        {
            Past = cache,
            Positions = TokenBatch.PositionsFromMask(mask, padded.Rows),
        };
        var step = file == "peft_prompt_qwen3" ? expected : GoldenCase.Floats(left.GetProperty("logits_first_generate_step"));
        Check($"{file} first step of generation", step, LastLogits(golden.Model, first), 1e-4);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Twelve_greedy_tokens_equal_the_reference(string file, double tolerance)
    {
        _ = tolerance;
        using var golden = GoldenCase.Load(file);
        using var method = Attach(golden, file);
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var generate = golden.Json.GetProperty("generate");
        var ids = GoldenCase.Longs(generate.GetProperty("input_ids"));
        using var cache = golden.Model.NewCache(1);
        var found = new List<long>();
        var logits = new Worst($"{file} top five logits of every step", 1e-4);
        foreach (var expected in generate.GetProperty("steps").EnumerateArray())
        {
            using var batch = new TokenBatch(ids, 1, ids.Length) { Past = cache };
            var last = LastLogits(golden.Model, batch);
            var top = GoldenCase.Longs(expected.GetProperty("logits_top5_ids"));
            var values = GoldenCase.Floats(expected.EnumerateObject().First(p => p.Name.StartsWith("logits_top5", StringComparison.Ordinal) && p.Name != "logits_top5_ids").Value);
            for (var i = 0; i < top.Length; i++)
            {
                logits.Absolute(values[i], last[top[i]], $"step {found.Count}");
            }

            ids = [Array.IndexOf(last, last.Max())];
            found.Add(ids[0]);
        }

        Assert.Equal(GoldenCase.Longs(generate.GetProperty("generated")), found);
        logits.Check();
    }

    /// <summary>Under prompt tuning the file has the rows of the virtual tokens too.</summary>
    private static void CheckAllLogits(GoldenCase golden, string file, double tolerance)
    {
        if (file != "peft_prompt_qwen3")
        {
            golden.CheckLogits("logits", tolerance);
            return;
        }

        using var scope = NewDisposeScope();
        using var off = no_grad();
        var hidden = golden.Model.HiddenWithPrompt(golden.Batch, DropoutContext.None);
        var virtualTokens = (int)hidden.size(1) - golden.Batch.Length;
        var found = golden.Model.Logits(hidden.view(-1, golden.Model.HiddenSize)).data<float>().ToArray();
        var expected = GoldenCase.Floats(golden.Json.GetProperty("logits"));
        Assert.Equal(expected.Length, found.Length);
        var worst = new Worst($"{file} logits, virtual tokens too", tolerance);
        for (var i = 0; i < expected.Length; i++)
        {
            var (text, at) = Math.DivRem(i / golden.Model.VocabularySize, (int)hidden.size(1));
            if (at < virtualTokens || golden.Batch.Attended[(text * golden.Batch.Length) + at - virtualTokens])
            {
                worst.Absolute(expected[i], found[i], $"text {text}, position {at}");
            }
        }

        worst.Check();
    }

    private static void CheckFullGradients(GoldenCase golden, PeftMethod method, string file)
    {
        using var scope = NewDisposeScope();
        golden.Loss().backward();
        var worst = new Worst($"{file} every gradient", 5e-6);
        foreach (var parameter in method.Trainable)
        {
            var expected = GoldenCase.Floats(golden.Json.GetProperty("grads").GetProperty(NameInMemory(parameter.Name)).GetProperty("values"));
            var found = parameter.Value.grad!.data<float>().ToArray();
            Assert.Equal(expected.Length, found.Length);
            for (var i = 0; i < found.Length; i++)
            {
                worst.Absolute(expected[i], found[i], $"{parameter.Name} {i}");
            }

            parameter.Value.grad = null;
        }

        worst.Check();
    }

    private static float[] LastLogits(Transformer model, TokenBatch batch)
    {
        var hidden = model.Hidden(batch, DropoutContext.None);
        return model.Logits(hidden.narrow(1, hidden.size(1) - 1, 1).reshape(-1, model.HiddenSize)).data<float>().ToArray();
    }

    private static void Check(string what, ReadOnlySpan<float> expected, float[] found, double tolerance)
    {
        Assert.Equal(expected.Length, found.Length);
        var worst = new Worst(what, tolerance);
        for (var i = 0; i < found.Length; i++)
        {
            worst.Absolute(expected[i], found[i], $"{i}");
        }

        worst.Check();
    }

    private static PeftMethod Attach(GoldenCase golden, string file)
    {
        var method = Make(golden, file);
        LoraGoldenTests.ReadInto(method, SharedFiles.Golden(file + ".safetensors"));
        return method;
    }

    private static PeftMethod Make(GoldenCase golden, string file)
    {
        PromptOptions Virtual() => new() { VirtualTokens = golden.Json.GetProperty("num_virtual_tokens").GetInt32(), Seed = 3 };
        return file switch
        {
            "peft_prefix_llama" => new PrefixTuning(golden.Model, [], Virtual()),
            "peft_prompt_qwen3" => new PromptTuning(golden.Model, [], Virtual()),
            _ => new Ia3FineTuning(golden.Model, [], new Ia3Options()),
        };
    }

    private static void Enable(PeftMethod method, bool on)
    {
        if (method is VirtualTokens tokens)
        {
            tokens.Enable(on);
        }
        else
        {
            ((Ia3FineTuning)method).Enable(on);
        }
    }

    private static string NameInMemory(string name) =>
        name == "prompt_embeddings" ? "prompt_encoder.default.embedding.weight" : LoraGoldenTests.NameInMemory(name);
}
