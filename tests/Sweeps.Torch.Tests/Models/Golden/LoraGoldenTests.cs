using System.Text.Json;
using Sweeps.Models.Methods.Adapters;
using Sweeps.Models.Methods.Lora;
using Sweeps.Models.Methods.Peft;
using Sweeps.Models.Safetensors;
using Xunit;
using static TorchSharp.torch;

namespace Sweeps.Torch.Tests.Models.Golden;

/// <summary>
/// LoRA, rank-stabilised LoRA and DoRA against PEFT: logits with the adapter, merged and switched off, gradients, five
/// training steps, names of tensors and the text of adapter_config.json.
/// </summary>
[Trait("Category", "Golden")]
public sealed class LoraGoldenTests
{
    // file, absolute tolerance of logits, relative of gradients, of the losses and norms of five steps.
    public static TheoryData<string, double, double, double, double> Cases => new()
    {
        { "peft_gemma3_alllinear", 5e-5, 3e-5, 1e-5, 3e-5 },
        { "peft_gemma3_cls", 5e-5, 3e-5, 1e-5, 3e-5 },
        { "peft_bert_seqcls", 5e-5, 3e-5, 1e-5, 3e-5 },
        { "peft_deberta_seqcls", 5e-5, 3e-5, 1e-5, 3e-5 },
        { "peft_flan_t5_qv", 5e-5, 3e-5, 1e-5, 3e-5 },
        { "peft_rslora_llama", 1e-4, 1e-5, 5e-5, 1e-4 },
        { "peft_dora_qwen3_cls", 2e-5, 1e-5, 1e-5, 1e-5 },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Equals_the_reference(string file, double logits, double gradients, double loss, double norm)
    {
        using var golden = GoldenCase.Load(file);
        using var lora = Attach(golden, file);
        Assert.Equal(golden.Json.GetProperty("trainable_count").GetInt64(), lora.TrainableCount);

        golden.CheckLogits("logits", logits);
        golden.CheckGradients(lora.Trainable, gradients, NameInMemory);
        golden.CheckTraining(lora.Trainable, loss, norm);
        var norms = golden.Json.GetProperty("final_adapter_norms");
        foreach (var parameter in lora.Trainable)
        {
            using var length = parameter.Value.detach().norm();
            GoldenCase.AssertRelative(
                norms.GetProperty(lora.SavedName(parameter)).GetDouble(), length.item<float>(), norm, parameter.Name);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Merging_and_switching_off_give_the_logits_of_the_reference_and_can_be_undone(
        string file, double logits, double gradients, double loss, double norm)
    {
        _ = (gradients, loss, norm);
        using var golden = GoldenCase.Load(file);
        using var lora = Attach(golden, file);

        lora.Merge();
        golden.CheckLogits("merged_logits", logits);
        lora.Unmerge();
        golden.CheckLogits("logits", logits);
        lora.Enable(false);
        golden.CheckLogits("logits_adapter_disabled", logits);
        lora.Enable(true);
        golden.CheckLogits("logits", logits);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Is_saved_as_the_reference_saves_it(string file, double logits, double gradients, double loss, double norm)
    {
        _ = (logits, gradients, loss, norm);
        using var golden = GoldenCase.Load(file);
        using var lora = Attach(golden, file);
        using var folder = new TempFolder();

        PeftAdapter.Save(folder.Path, lora);

        Assert.Equal(golden.Json.GetProperty("adapter_config_json").GetString(), File.ReadAllText(folder["adapter_config.json"]));
        using var saved = SafetensorsFile.Open(folder["adapter_model.safetensors"]);
        var keys = golden.Json.GetProperty("adapter_keys").EnumerateObject().ToDictionary(p => p.Name, p => GoldenCase.Longs(p.Value));
        Assert.Equal(keys.Keys.Order(StringComparer.Ordinal), saved.Tensors.Keys.Order(StringComparer.Ordinal));
        Assert.All(saved.Tensors, tensor => Assert.Equal(keys[tensor.Key], tensor.Value.Shape));
    }

    [Theory]
    [InlineData("peft_lora_qwen3_cls")]
    [InlineData("peft_rslora_qwen3_cls")]
    public void Equals_the_older_reference(string file)
    {
        using var golden = GoldenCase.Load(file);
        using var lora = Attach(golden, file);
        var keys = golden.Json.GetProperty("adapter_keys").EnumerateObject().Select(p => p.Name).Order(StringComparer.Ordinal);
        Assert.Equal(keys, lora.Trainable.Select(lora.SavedName).Order(StringComparer.Ordinal));

        golden.CheckLogits("logits", 2e-5);
        golden.CheckGradients(lora.Trainable, 1e-5, NameInMemory);
        lora.Merge();
        golden.CheckLogits("merged_logits", 2e-5);
    }

    /// <summary>The adapter of the file on the file's model.</summary>
    private static LoraFineTuning Attach(GoldenCase golden, string file)
    {
        var json = golden.Json;
        var targets = json.GetProperty("target_modules");
        var lora = new LoraFineTuning(golden.Model, golden.HeadParameters, new LoraOptions
        {
            Rank = json.GetProperty("r").GetInt32(),
            Alpha = json.GetProperty("lora_alpha").GetDouble(),
            RankStabilised = json.GetProperty("use_rslora").GetBoolean(),
            WeightDecomposed = json.TryGetProperty("use_dora", out var dora) && dora.GetBoolean(),
            Targets = targets.ValueKind == JsonValueKind.String
                ? TargetModules.Matching(targets.GetString()!)
                : TargetModules.Named([.. targets.EnumerateArray().Select(target => target.GetString()!)]),
        });
        ReadInto(lora, SharedFiles.Golden(file + ".safetensors"));
        return lora;
    }

    internal static void ReadInto(PeftMethod method, string path)
    {
        using var adapter = SafetensorsFile.Open(path);
        using var off = no_grad();
        foreach (var parameter in method.Trainable)
        {
            using var value = adapter.Read(method.SavedName(parameter));
            parameter.Value.copy_(value);
        }
    }

    internal static string NameInMemory(string name) => name switch
    {
        _ when name.EndsWith(".ia3_l", StringComparison.Ordinal) => name + ".default",
        _ when name.EndsWith("magnitude_vector", StringComparison.Ordinal) => name + ".default.weight",
        _ when name.Contains("lora_", StringComparison.Ordinal) =>
            name.Replace(".weight", ".default.weight", StringComparison.Ordinal),
        _ => $"base_model.model.{name.Replace(".", ".modules_to_save.default.", StringComparison.Ordinal)}",
    };
}
