using Sweeps.Models.Methods.Adapters;
using Sweeps.Models.Methods.Lora;
using Sweeps.Models.Methods.Peft;
using Sweeps.Models.Safetensors;
using Xunit;
using static TorchSharp.torch;

namespace Sweeps.Torch.Tests.Models.Golden;

/// <summary>LoRA against PEFT: logits with the adapter, merged and switched off, gradients, five training steps.</summary>
[Trait("Category", "Golden")]
public sealed class LoraGoldenTests
{
    [Theory]
    [InlineData("peft_gemma3_alllinear")]
    [InlineData("peft_gemma3_cls")]
    [InlineData("peft_bert_seqcls")]
    public void Equals_the_reference(string file)
    {
        using var golden = GoldenCase.Load(file);
        using var lora = Attach(golden, file);
        var names = golden.Json.GetProperty("adapter_keys").EnumerateObject().Select(p => p.Name).Order(StringComparer.Ordinal);
        Assert.Equal(names, lora.Trainable.Select(SavedName).Order(StringComparer.Ordinal));
        Assert.Equal(golden.Json.GetProperty("trainable_count").GetInt64(), lora.TrainableCount);

        golden.CheckLogits("logits", 5e-5);
        if (golden.Head is null)
        {
            // With a classifier PEFT also switches back to the head before training, which is another tensor.
            lora.Enable(false);
            golden.CheckLogits("logits_adapter_disabled", 5e-5);
            lora.Enable(true);
        }

        golden.CheckGradients(lora.Trainable, 3e-5, NameInMemory);
        golden.CheckTraining(lora.Trainable, 1e-5, 3e-5);
        var norms = golden.Json.GetProperty("final_adapter_norms");
        foreach (var parameter in lora.Trainable)
        {
            using var norm = parameter.Value.detach().norm();
            GoldenCase.AssertRelative(norms.GetProperty(SavedName(parameter)).GetDouble(), norm.item<float>(), 3e-5, parameter.Name);
        }
    }

    [Theory]
    [InlineData("peft_gemma3_alllinear")]
    [InlineData("peft_bert_seqcls")]
    public void Merging_gives_the_logits_of_the_reference_and_can_be_undone(string file)
    {
        using var golden = GoldenCase.Load(file);
        using var lora = Attach(golden, file);

        lora.Merge();
        golden.CheckLogits("merged_logits", 5e-5);
        lora.Unmerge();
        golden.CheckLogits("logits", 5e-5);
    }

    private static LoraFineTuning Attach(GoldenCase golden, string file)
    {
        var json = golden.Json;
        var targets = json.GetProperty("target_modules");
        var lora = new LoraFineTuning(golden.Model, golden.HeadParameters, new LoraOptions
        {
            Rank = json.GetProperty("r").GetInt32(),
            Alpha = json.GetProperty("lora_alpha").GetDouble(),
            Targets = targets.ValueKind == System.Text.Json.JsonValueKind.String
                ? TargetModules.Matching(targets.GetString()!)
                : TargetModules.Named([.. targets.EnumerateArray().Select(target => target.GetString()!)]),
        });
        using var adapter = SafetensorsFile.Open(SharedFiles.Golden(file + ".safetensors"));
        using var off = no_grad();
        foreach (var parameter in lora.Trainable)
        {
            using var value = adapter.Read(SavedName(parameter));
            parameter.Value.copy_(value);
        }

        return lora;
    }

    private static string SavedName(Sweeps.Models.NamedParameter parameter) => PeftAdapter.NameOf(parameter);

    private static string NameInMemory(string name) =>
        name.Contains("lora_", StringComparison.Ordinal)
            ? name.Replace(".weight", ".default.weight", StringComparison.Ordinal)
            : $"base_model.model.{name.Replace(".", ".modules_to_save.default.", StringComparison.Ordinal)}";
}
