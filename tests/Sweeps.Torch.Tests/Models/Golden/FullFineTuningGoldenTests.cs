using Sweeps.Models.Methods.Full;
using Xunit;
using static TorchSharp.torch;

namespace Sweeps.Torch.Tests.Models.Golden;

/// <summary>Models against transformers: logits, loss, every gradient norm, five training steps.</summary>
[Trait("Category", "Golden")]
public sealed class FullFineTuningGoldenTests
{
    // file, absolute tolerance of logits, relative of gradients, of the losses and norms of five steps.
    public static TheoryData<string, double, double, double, double> Cases => new()
    {
        { "gemma3_lm", 3e-5, 1e-5, 1e-5, 1e-5 },
        { "gemma3_deep", 3e-5, 1e-5, 1e-5, 1e-5 },
        { "gemma3_rope_linear", 3e-5, 1e-5, 1e-5, 1e-5 },
        { "gemma3_cls", 1e-5, 1e-5, 1e-5, 1e-5 },
        { "qwen3_cls", 2e-5, 1e-5, 1e-5, 1e-5 },
        { "qwen3_lm_tied", 3e-5, 1e-5, 1e-5, 1e-5 },
        { "llama_lm", 5e-5, 1e-5, 5e-5, 1e-4 },
        { "llama_cls", 5e-5, 1e-5, 5e-5, 1e-4 },
        { "llama3_rope_lm", 5e-5, 1e-5, 1e-5, 1e-5 },
        { "llama3_rope32_lm", 5e-5, 1e-5, 1e-5, 1e-5 },
        { "llama3_rope_cls", 5e-5, 1e-5, 1e-5, 2e-5 },
        { "mistral_lm", 3e-5, 1e-5, 2e-5, 4e-5 },
        { "mistral_cls", 3e-5, 1e-5, 2e-5, 4e-5 },
        { "bert_cls", 1e-5, 1e-4, 1e-5, 5e-5 },
        { "bert_pair_cls", 1e-5, 1e-4, 1e-5, 5e-5 },
        { "roberta_cls", 1e-5, 1e-4, 1e-5, 1e-5 },
        { "modernbert_cls", 3e-5, 3e-5, 2e-5, 1e-4 },
        { "modernbert_cls_mean", 3e-5, 3e-5, 2e-5, 1e-4 },
        { "deberta_v3_cls", 1e-5, 1e-5, 1e-5, 1e-5 },
        { "deberta_v3_long", 1e-5, 1e-5, 1e-5, 1e-5 },
        { "t5_v10_relu_tied", 1e-5, 1e-5, 1e-5, 1e-4 },
        { "flan_t5_gated_untied", 1e-5, 1e-5, 1e-5, 1e-4 },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Equals_the_reference(string file, double logits, double gradients, double loss, double norm)
    {
        using var golden = GoldenCase.Load(file);
        using var method = new FullFineTuning(golden.Model, golden.HeadParameters);

        golden.CheckLogits("logits", logits);
        golden.CheckGradients(method.Trainable, gradients, name => name);
        golden.CheckTraining(method.Trainable, loss, norm);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Has_the_parameters_and_decay_groups_of_the_reference(
        string file, double logits, double gradients, double loss, double norm)
    {
        _ = (logits, gradients, loss, norm);
        using var golden = GoldenCase.Load(file);
        using var method = new FullFineTuning(golden.Model, golden.HeadParameters);
        string[] Names(string field) => [.. golden.Json.GetProperty(field).EnumerateArray().Select(name => name.GetString()!)];

        Assert.Equal(Names("param_names"), method.Trainable.Select(parameter => parameter.Name));
        Assert.Equal(
            Names("no_decay_names").Order(StringComparer.Ordinal),
            method.Trainable.Where(p => !p.Decays).Select(p => p.Name).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("gemma3_deep")]
    [InlineData("gemma3_rope_linear")]
    [InlineData("llama_lm")]
    [InlineData("llama_cls")]
    [InlineData("llama3_rope_lm")]
    [InlineData("llama3_rope32_lm")]
    [InlineData("llama3_rope_cls")]
    [InlineData("mistral_lm")]
    [InlineData("mistral_cls")]
    [InlineData("modernbert_cls")]
    public void Reads_the_older_layout_of_config_json_the_same(string file)
    {
        var json = GoldenCase.Read(file);
        var old = System.Text.Json.Nodes.JsonNode.Parse(json.GetProperty("config").GetRawText())!.AsObject();
        old.Remove("rope_parameters");
        old.Remove("layer_types");
        foreach (var field in json.GetProperty("config_4x_rope").EnumerateObject())
        {
            old[field.Name] = System.Text.Json.Nodes.JsonNode.Parse(field.Value.GetRawText());
        }

        using var golden = GoldenCase.Load(file, old.ToJsonString());

        golden.CheckLogits("logits", 3e-5);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_norm_of_every_layers_output_equals_the_reference(
        string file, double logits, double gradients, double loss, double norm)
    {
        _ = (logits, gradients, loss, norm);
        using var golden = GoldenCase.Load(file);

        golden.CheckHiddenNorms(1e-5);
    }
}
