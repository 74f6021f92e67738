using Sweeps.Models.Methods.Adapters;
using Sweeps.Models.Methods.Lora;
using Sweeps.Models.Methods.Peft;
using Xunit;

namespace Sweeps.Torch.Tests.Models.Methods;

/// <summary>Which layers are adapted, by PEFT's rules, and how a saved configuration says so.</summary>
public sealed class TargetModulesTests
{
    [Fact]
    public void Names_mean_the_ends_of_module_names()
    {
        using var model = TinyModels.Bert();
        using var lora = Attach(model, TargetModules.Named("attention.output.dense", "query"));

        Assert.Equal(2 * 2 * 2, lora.AdapterParameters.Count);
        Assert.Equal(["attention.output.dense", "query"], lora.TargetModules);
    }

    [Fact]
    public void A_regular_expression_must_match_the_whole_name()
    {
        using var model = TinyModels.Gemma3();
        using var lora = Attach(model, TargetModules.Matching(@".*\.(0|2)\.mlp\.(gate|up)_proj"));

        Assert.Equal(
            [
                "model.layers.0.mlp.gate_proj", "model.layers.0.mlp.up_proj", "model.layers.2.mlp.gate_proj",
                "model.layers.2.mlp.up_proj",
            ],
            Adapted(lora));
        using var config = System.Text.Json.JsonDocument.Parse(PeftAdapter.ConfigText(lora));
        Assert.Equal(@".*\.(0|2)\.mlp\.(gate|up)_proj", config.RootElement.GetProperty("target_modules").GetString());
    }

    [Fact]
    public void The_default_is_that_of_the_model_type()
    {
        using var model = TinyModels.Bert();
        using var lora = Attach(model, TargetModules.Default);

        Assert.Equal(["query", "value"], lora.TargetModules);
    }

    [Fact]
    public void Layers_can_be_chosen_by_number()
    {
        using var model = TinyModels.Gemma3();
        using var lora = Attach(model, TargetModules.Named("q_proj") with { Layers = [0, 2] });

        Assert.Equal(["model.layers.0.self_attn.q_proj", "model.layers.2.self_attn.q_proj"], Adapted(lora));
        using var config = System.Text.Json.JsonDocument.Parse(PeftAdapter.ConfigText(lora));
        Assert.Equal([0, 2], config.RootElement.GetProperty("layers_to_transform").EnumerateArray().Select(k => k.GetInt32()));
        Assert.Equal(["q_proj"], lora.TargetModules);
    }

    [Fact]
    public void Names_that_would_mean_other_layers_too_are_saved_longer()
    {
        using var model = TinyModels.Bert();
        using var lora = Attach(model, TargetModules.Matching(@"bert\.encoder\.layer\.\d+\.output\.dense"));

        // "dense" alone is also the pooler, the attention's output and the intermediate layer; "output.dense" the attention's.
        Assert.Equal(["0.output.dense", "1.output.dense"], lora.TargetModules);
    }

    [Theory]
    [InlineData("q_pro")]
    [InlineData("score")]
    public void A_name_that_means_nothing_is_refused(string name)
    {
        using var model = TinyModels.Gemma3();

        var error = Assert.Throws<ArgumentException>(() => Attach(model, TargetModules.Named("q_proj", name)));

        Assert.Contains($"target_modules '{name}' names no linear layer of gemma3_text; known: all-linear", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("q_proj", "matches no linear layer of gemma3_text")]
    [InlineData("(q_proj", "is not a regular expression")]
    public void A_pattern_that_matches_nothing_is_refused(string pattern, string fault)
    {
        using var model = TinyModels.Gemma3();

        var error = Assert.Throws<ArgumentException>(() => Attach(model, TargetModules.Matching(pattern)));

        Assert.Contains(fault, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_layer_that_does_not_exist_is_refused()
    {
        using var model = TinyModels.Gemma3();

        var error = Assert.Throws<ArgumentException>(() => Attach(model, TargetModules.AllLinear with { Layers = [1, 3] }));

        Assert.Contains("from 0 to 2; found 1, 3", error.Message, StringComparison.Ordinal);
    }

    private static LoraFineTuning Attach(Sweeps.Models.Transformer model, TargetModules targets) =>
        new(model, [], new LoraOptions { Rank = 4, Targets = targets });

    private static IEnumerable<string> Adapted(LoraFineTuning lora) =>
        lora.AdapterParameters.Where(p => p.Name.Contains("lora_A", StringComparison.Ordinal))
            .Select(p => p.Name["base_model.model.".Length..^".lora_A.weight".Length]);
}
