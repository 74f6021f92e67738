using Sweeps.Core.Spec;
using Sweeps.Models;
using Sweeps.Models.Heads;
using Sweeps.Models.Loading;
using Sweeps.Models.Ops;
using Sweeps.Models.Safetensors;
using Xunit;
using static TorchSharp.torch;

namespace Sweeps.Torch.Tests.Models.Loading;

public sealed class ModelFamiliesTests
{
    [Fact]
    public void What_a_spec_may_name_is_what_can_be_loaded()
    {
        Assert.Equal(ModelFamilies.ModelTypes.Order(), FamilyTraits.All.Order());
        Assert.All(ModelFamilies.ModelTypes, type => Assert.Equal(
            ModelFamilies.Architecture(type, classifies: false) is not null, FamilyTraits.Heads(type).Contains("generate")));
        Assert.All(ModelFamilies.ModelTypes, type => Assert.Equal(FamilyTraits.Heads(type).Count == 1, FamilyTraits.IsEncoder(type)));
    }

    [Fact]
    public void An_unknown_model_type_names_the_nearest_known()
    {
        var error = Assert.Throws<ModelLoadException>(() => TinyModels.Create("""{"model_type": "gemma3"}"""));

        Assert.Contains("model_type 'gemma3' is not known. Did you mean 'gemma3_text'?", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"hidden_size\": 32", "\"hidden_size\": \"x\"", "hidden_size must be a whole number of at least 1; found \"x\"")]
    [InlineData("\"num_key_value_heads\": 2", "\"num_key_value_heads\": 3", "a divisor of num_attention_heads, 4")]
    [InlineData("\"head_dim\": 16", "\"head_dim\": 15", "head_dim must be even")]
    [InlineData("\"sliding_window\": 4", "\"final_logit_softcapping\": 30.0", "final_logit_softcapping must be null")]
    [InlineData("[\"sliding_attention\", ", "[\"sideways\", ", "layer_types must be 3 values")]
    [InlineData("\"sliding_window\": 4", "\"rope_scaling\": {\"rope_type\": \"yarn\", \"factor\": 2}", "rope_type must be default, linear or llama3")]
    public void A_bad_field_is_named_with_what_is_allowed(string good, string bad, string fault)
    {
        var config = TinyModels.Gemma3Config.Replace(good, bad, StringComparison.Ordinal);

        var error = Assert.Throws<ModelLoadException>(() => TinyModels.Create(config));

        Assert.Contains(fault, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_saved_model_loads_to_the_same_weights()
    {
        using var model = TinyModels.Gemma3(seed: 3);
        using var folder = Save(model, TinyModels.Gemma3Config);

        using var loaded = ModelFamilies.Load(folder.Path);

        foreach (var (first, second) in model.Parameters.Zip(loaded.Parameters))
        {
            Assert.Equal(first.Name, second.Name);
            Assert.True(first.Value.bytes.SequenceEqual(second.Value.bytes), first.Name);
        }
    }

    [Fact]
    public void Missing_misshapen_and_unknown_tensors_are_all_named()
    {
        using var model = TinyModels.Gemma3();
        using var wrong = zeros(5);
        using var folder = Save(
            model,
            TinyModels.Gemma3Config,
            tensors =>
            {
                tensors.Remove("model.layers.0.mlp.up_proj.weight");
                tensors["model.norm.weight"] = wrong;
                tensors["model.layers.3.mlp.up_proj.weight"] = wrong;
            });

        var error = Assert.Throws<ModelLoadException>(() => ModelFamilies.Load(folder.Path));

        Assert.Contains("model.layers.0.mlp.up_proj.weight is missing", error.Message, StringComparison.Ordinal);
        Assert.Contains("model.norm.weight has shape [5], config.json asks for [32]", error.Message, StringComparison.Ordinal);
        Assert.Contains("model.layers.3.mlp.up_proj.weight is unknown", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_bare_encoder_loads_and_what_it_lacks_is_new_and_named()
    {
        using var model = TinyModels.Bert(seed: 3);
        using var positions = arange(32, dtype: ScalarType.Int64);
        using var folder = Save(
            model,
            TinyModels.BertConfig,
            tensors =>
            {
                foreach (var (name, value) in tensors.ToList())
                {
                    tensors.Remove(name);
                    if (!name.Contains("pooler", StringComparison.Ordinal))
                    {
                        tensors[name["bert.".Length..]] = value;
                    }
                }

                tensors["embeddings.position_ids"] = positions;
            });
        var lines = new List<string>();
        var options = new LoadOptions { Log = lines.Add };

        using var loaded = ModelFamilies.Load(folder.Path, options);
        using var weights = SafetensorsFolder.Open(folder.Path);
        using var head = new LinearHead(loaded, 3, options, weights);

        Assert.True(loaded.Parameters[0].Value.bytes.SequenceEqual(model.Parameters[0].Value.bytes));
        Assert.Contains(lines, line => line.Contains("newly initialised", StringComparison.Ordinal)
            && line.Contains("bert.pooler.dense.weight", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains("classifier.weight", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains("ignored buffers: bert.embeddings.position_ids [32]", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("gemma3_text", """ "max_position_embeddings": 64 """, 64)]
    [InlineData("roberta", """ "max_position_embeddings": 514, "pad_token_id": 1, "vocab_size": 9, "hidden_size": 4, "intermediate_size": 4, "num_hidden_layers": 1, "num_attention_heads": 2 """, 512)]
    public void The_longest_text_is_what_the_family_takes(string type, string fields, int expected) =>
        Assert.Equal(
            expected,
            ModelFamilies.MaxPositions(ModelConfig.Parse("config.json", $$"""{"model_type": "{{type}}", {{fields}}}""")));

    [Theory]
    [InlineData("roberta", "\"pad_token_id\": 40", "pad_token_id must be a token id below")]
    [InlineData("modernbert", "\"classifier_pooling\": \"max\"", "classifier_pooling must be cls or mean; found \"max\"")]
    [InlineData("modernbert", "\"norm_bias\": true", "norm_bias must be false; found true")]
    [InlineData("modernbert", "\"layer_types\": [\"full_attention\"]", "layer_types must be 2 values of sliding_attention or full_attention")]
    [InlineData("modernbert", "\"rope_parameters\": {\"full_attention\": {}}", "rope_parameters: sliding_attention must be an object")]
    [InlineData("deberta-v2", "\"conv_kernel_size\": 3", "conv_kernel_size must be 0, as in DeBERTa-v3; found 3")]
    [InlineData("deberta-v2", "\"position_biased_input\": true", "position_biased_input must be false, as in DeBERTa-v3")]
    [InlineData("deberta-v2", "\"pos_att_type\": \"c2p|p2p\"", "pos_att_type must be c2p and p2c, or one of them")]
    [InlineData("bert", "\"hidden_dropout_prob\": 1", "hidden_dropout_prob must be at least 0 and below 1; found 1")]
    public void A_bad_field_of_an_encoder_is_named_with_what_is_allowed(string type, string field, string fault)
    {
        var name = field[..field.IndexOf(':', StringComparison.Ordinal)];
        string[] fields =
        [
            $"\"model_type\": \"{type}\"", "\"vocab_size\": 60", "\"hidden_size\": 32", "\"intermediate_size\": 48",
            "\"num_hidden_layers\": 2", "\"num_attention_heads\": 4", "\"max_position_embeddings\": 40",
            "\"relative_attention\": true", "\"share_att_key\": true", "\"position_biased_input\": false", field,
        ];
        var config = $"{{{string.Join(", ", fields.Where((one, at) => at == fields.Length - 1 || !one.StartsWith(name, StringComparison.Ordinal)))}}}";

        var error = Assert.Throws<ModelLoadException>(() => TinyModels.Create(config));

        Assert.StartsWith("config.json", error.Message, StringComparison.Ordinal);
        Assert.Contains(fault, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(HeadPooling.Cls)]
    [InlineData(HeadPooling.Pooled)]
    [InlineData(HeadPooling.Mean)]
    public void An_encoders_head_reads_what_it_is_told_to(HeadPooling pooling)
    {
        using var model = TinyModels.Bert();
        using var head = new LinearHead(model, 3, new LoadOptions(), pooling: pooling);
        using var batch = TinyModels.Batch();
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var hidden = model.Hidden(batch, DropoutContext.None);
        var first = hidden.select(1, 0);
        var read = pooling switch
        {
            HeadPooling.Cls => first,
            HeadPooling.Pooled => nn.functional.linear(
                first, Weight(model, "bert.pooler.dense.weight"), Weight(model, "bert.pooler.dense.bias")).tanh(),
            _ => stack([hidden[0].narrow(0, 0, 8).mean([0]), hidden[1].narrow(0, 0, 5).mean([0]), hidden[2].narrow(0, 0, 6).mean([0])]),
        };
        var expected = nn.functional.linear(read, head.Parameters[0].Value, head.Parameters[1].Value);

        Assert.True(head.Logits(model, hidden, batch, DropoutContext.None).allclose(expected, 1e-5, 1e-6));
        Assert.True(head.Logits(model, head.Hidden(model, batch, DropoutContext.None), batch, DropoutContext.None)
            .allclose(expected, 1e-5, 1e-6));

        static Tensor Weight(Sweeps.Models.Transformer model, string name) => model.Parameters.Single(p => p.Name == name).Value;
    }

    [Fact]
    public void Pooling_that_is_for_another_kind_of_model_is_refused()
    {
        using var decoder = TinyModels.Gemma3();
        using var encoder = TinyModels.Bert();

        var mean = Assert.Throws<ArgumentException>(() => new LinearHead(decoder, 3, new LoadOptions(), pooling: HeadPooling.Mean));
        var last = Assert.Throws<ArgumentException>(() => new LinearHead(encoder, 3, new LoadOptions(), pooling: HeadPooling.Last));

        Assert.Contains("is a decoder: its linear head reads the last token", mean.Message, StringComparison.Ordinal);
        Assert.Contains("pooling must be cls, pooled or mean", last.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_in_16_bits_load_as_32_and_run_in_16_when_asked()
    {
        using var model = TinyModels.Gemma3(seed: 3);
        using var folder = Save(model, TinyModels.Gemma3Config, tensors =>
        {
            foreach (var (name, value) in tensors.ToList())
            {
                tensors[name] = value.to_type(ScalarType.BFloat16);
            }
        });
        using var batch = TinyModels.Batch();
        using var scope = NewDisposeScope();
        using var off = no_grad();

        using var wide = ModelFamilies.Load(folder.Path);
        using var narrow = ModelFamilies.Load(folder.Path, new LoadOptions { Type = ScalarType.BFloat16 });
        var exact = wide.Hidden(batch, DropoutContext.None);
        var rounded = narrow.Hidden(batch, DropoutContext.None);

        Assert.Equal(ScalarType.BFloat16, rounded.dtype);
        Assert.True(rounded.to_type(ScalarType.Float32).allclose(exact, 0.05, 0.1));
    }

    [Theory]
    [InlineData(new long[] { 3 })]
    [InlineData(new long[] { 3, 3 })]
    [InlineData(new long[] { 3, 64 })]
    public void Label_tokens_that_cannot_be_told_apart_are_refused(long[] tokens)
    {
        using var model = TinyModels.Gemma3();

        var error = Assert.Throws<ArgumentException>(() => new LabelTokensHead(model, tokens));

        Assert.Contains("two or more labels with token ids below 64", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Label_tokens_need_a_decoder()
    {
        using var model = TinyModels.Bert();

        var error = Assert.Throws<ArgumentException>(() => new LabelTokensHead(model, [1, 2]));

        Assert.Contains("use head linear", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_padding_token_inside_the_text_gets_no_gradient_from_its_lookup()
    {
        using var model = TinyModels.Bert();
        var table = model.Parameters[0].Value.requires_grad_(true);
        using var batch = new TokenBatch([5, 0, 7, 9], 1, 4);
        using var scope = NewDisposeScope();

        model.Hidden(batch, DropoutContext.None).square().sum().backward();

        var norms = table.grad!.square().sum(1).data<float>().ToArray();
        Assert.Equal([5, 7, 9], Enumerable.Range(0, norms.Length).Where(row => norms[row] > 0));
    }

    private static TempFolder Save(Transformer model, string config, Action<Dictionary<string, Tensor>>? change = null)
    {
        var folder = new TempFolder();
        using var scope = NewDisposeScope();
        var tensors = model.Parameters.ToDictionary(p => p.Name, p => p.Value);
        change?.Invoke(tensors);
        File.WriteAllText(folder["config.json"], config);
        SafetensorsWriter.Save(folder["model.safetensors"], tensors);
        return folder;
    }
}
