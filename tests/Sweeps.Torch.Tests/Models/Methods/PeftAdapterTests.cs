using System.Text.Json;
using Sweeps.Models.Heads;
using Sweeps.Models.Loading;
using Sweeps.Models.Methods.Adapters;
using Sweeps.Models.Methods.Lora;
using Sweeps.Models.Methods.Peft;
using Sweeps.Models.Safetensors;
using Xunit;

namespace Sweeps.Torch.Tests.Models.Methods;

public sealed class PeftAdapterTests
{
    [Fact]
    public void A_saved_adapter_loads_into_another_model_bit_for_bit()
    {
        using var folder = new TempFolder();
        using var model = TinyModels.Gemma3();
        using var head = new LinearHead(model, 3, new LoadOptions());
        var options = new LoraOptions { Rank = 4, Alpha = 16, Targets = TargetModules.Named("q_proj", "v_proj"), FrozenLayers = 1 };
        using var lora = new LoraFineTuning(model, head.Parameters, options);
        MethodTests.Train(model, head, lora, 3);
        PeftAdapter.Save(folder.Path, lora, "base");

        using var other = TinyModels.Gemma3();
        using var otherHead = new LinearHead(other, 3, new LoadOptions { Seed = 9 });
        using var otherLora = new LoraFineTuning(other, otherHead.Parameters, options with { Seed = 9 });
        PeftAdapter.Load(folder.Path, otherLora);

        foreach (var (first, second) in lora.Trainable.Zip(otherLora.Trainable))
        {
            Assert.True(first.Value.bytes.SequenceEqual(second.Value.bytes), first.Name);
        }

        using var config = JsonDocument.Parse(File.ReadAllText(folder["adapter_config.json"]));
        Assert.Equal("LORA", config.RootElement.GetProperty("peft_type").GetString());
        Assert.Equal("SEQ_CLS", config.RootElement.GetProperty("task_type").GetString());
        Assert.Equal([1, 2], config.RootElement.GetProperty("layers_to_transform").EnumerateArray().Select(k => k.GetInt32()));
        using var file = SafetensorsFile.Open(folder["adapter_model.safetensors"]);
        Assert.Contains("base_model.model.model.layers.1.self_attn.q_proj.lora_A.weight", file.Tensors.Keys);
        Assert.Contains("base_model.model.score.weight", file.Tensors.Keys);
    }

    [Fact]
    public void An_adapter_of_other_targets_is_refused_by_name()
    {
        using var folder = new TempFolder();
        using var model = TinyModels.Gemma3();
        using (var lora = new LoraFineTuning(model, [], new LoraOptions { Targets = TargetModules.Named("q_proj") }))
        {
            PeftAdapter.Save(folder.Path, lora);
        }

        using var fewer = new LoraFineTuning(model, [], new LoraOptions { Targets = TargetModules.Named("q_proj"), FrozenLayers = 1 });
        var unknown = Assert.Throws<ModelLoadException>(() => PeftAdapter.Load(folder.Path, fewer));
        Assert.Contains("layers.0.self_attn.q_proj.lora_A.weight' has no place", unknown.Message, StringComparison.Ordinal);
    }
}
