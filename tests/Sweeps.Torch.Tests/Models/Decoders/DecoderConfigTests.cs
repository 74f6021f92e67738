using Sweeps.Models;
using Sweeps.Models.Heads;
using Sweeps.Models.Loading;
using Sweeps.Models.Ops;
using Sweeps.Models.Safetensors;
using Xunit;
using static TorchSharp.torch;

namespace Sweeps.Torch.Tests.Models.Decoders;

/// <summary>What is read from config.json of the decoder families, and what is refused.</summary>
public sealed class DecoderConfigTests
{
    private const string Llama = """
        {
          "model_type": "llama", "vocab_size": 64, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
          "num_attention_heads": 4, "num_key_value_heads": 2, "pad_token_id": 0
        }
        """;

    [Theory]
    [InlineData("llama", "\"rope_scaling\": {\"rope_type\": \"lama3\"}", "config.json, rope_scaling: rope_type must be default, linear or llama3 (did you mean 'llama3'?); found \"lama3\"")]
    [InlineData("llama", "\"rope_parameters\": {\"rope_type\": \"linaer\"}", "rope_parameters: rope_type must be default, linear or llama3 (did you mean 'linear'?)")]
    [InlineData("qwen3", "\"rope_scaling\": {\"type\": \"linear\"}", "rope_scaling: factor must be a number; found nothing")]
    [InlineData("mistral", "\"rope_scaling\": {\"type\": \"linear\", \"factor\": 0}", "factor must be a number above 0; found 0")]
    [InlineData("llama", "\"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": 8, \"low_freq_factor\": 4, \"high_freq_factor\": 1, \"original_max_position_embeddings\": 64}", "high_freq_factor must be above low_freq_factor, 4")]
    [InlineData("llama", "\"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": 8, \"low_freq_factor\": 1, \"high_freq_factor\": 4}", "original_max_position_embeddings must be a whole number")]
    [InlineData("llama", "\"head_dim\": 8, \"num_attention_heads\": 6", "hidden_size must be a multiple of num_attention_heads, 6; found 32")]
    [InlineData("mistral", "\"num_attention_heads\": 6", "num_attention_heads must be a divisor of hidden_size, 32, where there is no head_dim")]
    [InlineData("mistral", "\"sliding_window\": 0", "sliding_window must be a whole number of at least 1; found 0")]
    [InlineData("qwen3", "\"hidden_act\": \"relu\"", "hidden_act must be silu; found \"relu\"")]
    [InlineData("qwen3", "\"layer_types\": [\"full_attention\"]", "layer_types must be 2 values of sliding_attention or full_attention")]
    public void A_bad_field_is_named_with_what_is_allowed(string type, string fields, string fault)
    {
        var config = Llama.Replace("\"llama\"", $"\"{type}\"", StringComparison.Ordinal)
            .Replace("\"pad_token_id\": 0", fields, StringComparison.Ordinal);
        config = fields.Contains("num_attention_heads", StringComparison.Ordinal)
            ? config.Replace("\"num_attention_heads\": 4, \"num_key_value_heads\": 2, ", "", StringComparison.Ordinal)
            : config;

        var error = Assert.Throws<ModelLoadException>(() => TinyModels.Create(config));

        Assert.Contains(fault, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gemma3_txt", "gemma3_text")]
    [InlineData("qwen2", "qwen3")]
    [InlineData("llama3", "llama")]
    [InlineData("mixtral", "mistral")]
    public void An_unknown_model_type_names_the_nearest_known(string type, string nearest)
    {
        var error = Assert.Throws<ModelLoadException>(() => TinyModels.Create($"{{\"model_type\": \"{type}\"}}"));

        Assert.Contains($"model_type '{type}' is not known. Did you mean '{nearest}'?", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"attention_bias\": true", "model.layers.1.self_attn.o_proj.bias")]
    [InlineData("\"mlp_bias\": true", "model.layers.1.mlp.down_proj.bias")]
    public void Biases_are_there_where_the_config_asks_for_them(string field, string name)
    {
        using var plain = TinyModels.Create(Llama);
        using var biased = TinyModels.Create(Llama.Replace("\"pad_token_id\": 0", field, StringComparison.Ordinal));

        Assert.DoesNotContain(plain.Parameters, parameter => parameter.Name == name);
        Assert.Contains(biased.Parameters, parameter => parameter.Name == name && !parameter.Decays);
    }

    [Fact]
    public void The_projection_is_left_out_when_nobody_needs_it_and_missed_by_name_when_somebody_does()
    {
        using var model = TinyModels.Create(Llama);
        using var folder = Save(model, withOutput: true);
        using var bare = Save(model, withOutput: false);

        using var without = ModelFamilies.Load(folder.Path, new LoadOptions { WithOutput = false });
        using var head = new LinearHead(without, 3, new LoadOptions());
        using var batch = TinyModels.Batch();
        using var scope = NewDisposeScope();
        using var off = no_grad();

        Assert.Null(without.OutputEmbedding);
        Assert.Equal(model.Parameters.SkipLast(1).Select(p => p.Name), without.Parameters.Select(p => p.Name));
        Assert.Equal([3, 3], head.Logits(without, without.Hidden(batch, DropoutContext.None), batch, DropoutContext.None).shape);
        var asked = Assert.Throws<NotSupportedException>(() => new LabelTokensHead(without, [5, 6])
            .Logits(without, without.Hidden(batch, DropoutContext.None), batch, DropoutContext.None));
        Assert.Contains("no vocabulary projection (lm_head.weight)", asked.Message, StringComparison.Ordinal);
        var missing = Assert.Throws<ModelLoadException>(() => ModelFamilies.Load(bare.Path));
        Assert.Contains("lm_head.weight is missing", missing.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gemma3")]
    [InlineData("qwen3")]
    [InlineData("llama")]
    [InlineData("mistral")]
    public void A_padding_token_inside_the_text_gets_a_gradient_from_a_tied_head_only(string family)
    {
        using var model = TinyModels.Decoder(family);
        var table = model.Parameters[0].Value.requires_grad_(true);
        using var batch = new TokenBatch([5, 0, 7, 9], 1, 4);

        Assert.Equal(0, Gradient(hidden => hidden.square().sum()));
        Assert.Equal(model.OutputEmbedding == model.Parameters[0], Gradient(hidden => model.Logits(hidden[0]).square().sum()) > 0);

        float Gradient(Func<Tensor, Tensor> loss)
        {
            using var scope = NewDisposeScope();
            loss(model.Hidden(batch, DropoutContext.None)).backward();
            var (pad, used) = (table.grad![0].abs().sum().item<float>(), table.grad![7].abs().sum().item<float>());
            table.grad = null;
            Assert.True(used > 0);
            return pad;
        }
    }

    private static TempFolder Save(Transformer model, bool withOutput)
    {
        var folder = new TempFolder();
        File.WriteAllText(folder["config.json"], Llama);
        SafetensorsWriter.Save(
            folder["model.safetensors"],
            model.Parameters.Where(p => withOutput || p.Name != "lm_head.weight").Select(p => KeyValuePair.Create(p.Name, p.Value)));
        return folder;
    }
}
