using Sweeps.Models.Methods.Adapters;
using Sweeps.Models.Methods.Lora;
using Sweeps.Models.Methods.Peft;
using Xunit;
using static TorchSharp.torch;

namespace Sweeps.Torch.Tests.Models.Golden;

/// <summary>What PEFT does when nothing is said.</summary>
[Trait("Category", "Golden")]
public sealed class PeftDefaultsGoldenTests
{
    [Fact]
    public void Default_targets_by_model_type_equal_the_reference()
    {
        foreach (var type in GoldenCase.Read("peft_defaults").GetProperty("default_target_modules").EnumerateObject())
        {
            var expected = type.Value.ValueKind == System.Text.Json.JsonValueKind.Null
                ? null
                : type.Value.EnumerateArray().Select(name => name.GetString()!).Order(StringComparer.Ordinal);
            Assert.Equal(expected, PeftDefaults.Lora(type.Name)?.Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public void Every_default_of_the_configuration_equals_the_reference()
    {
        using var model = TinyModels.Gemma3();
        using var lora = new LoraFineTuning(model, [], new LoraOptions());
        using var ours = System.Text.Json.JsonDocument.Parse(PeftAdapter.ConfigText(lora));
        var expected = GoldenCase.Read("peft_defaults").GetProperty("default_config");

        // What a configuration made for a model says of it, and of the file that it is saved in.
        string[] filled = ["target_modules", "task_type", "inference_mode", "base_model_name_or_path"];
        Assert.Equal(
            expected.EnumerateObject().Where(p => !filled.Contains(p.Name)).ToDictionary(p => p.Name, p => p.Value.GetRawText()),
            ours.RootElement.EnumerateObject().Where(p => !filled.Contains(p.Name)).ToDictionary(p => p.Name, p => p.Value.GetRawText()));
    }

    [Theory]
    [InlineData("True", LoraStart.Uniform)]
    [InlineData("gaussian", LoraStart.Gaussian)]
    public void New_matrices_start_as_in_the_reference(string name, LoraStart start)
    {
        var expected = GoldenCase.Read("peft_defaults").GetProperty("init").GetProperty(name);

        // The reference's matrix has 48 inputs: the bound is 1 / sqrt(48).
        using var model = TinyModels.Gemma3();
        using var lora = new LoraFineTuning(
            model, [], new LoraOptions { Start = start, Targets = TargetModules.Named("down_proj"), Seed = 5 });
        using var scope = NewDisposeScope();
        var first = cat([.. lora.AdapterParameters.Where(p => p.Name.Contains("lora_A", StringComparison.Ordinal)).Select(p => p.Value.detach())]);
        var second = cat([.. lora.AdapterParameters.Where(p => p.Name.Contains("lora_B", StringComparison.Ordinal)).Select(p => p.Value.detach())]);

        Assert.Equal(48, first.size(1));
        Assert.Equal(expected.GetProperty("expected_std").GetDouble(), first.std().item<float>(), 0.006);
        Assert.Equal(0, second.abs().max().item<float>());
        if (start == LoraStart.Uniform)
        {
            Assert.InRange(first.abs().max().item<float>(), 0.14, expected.GetProperty("bound").GetDouble());
        }
    }
}
