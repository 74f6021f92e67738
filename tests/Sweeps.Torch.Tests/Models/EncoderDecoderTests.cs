using Sweeps.Models;
using Sweeps.Models.Generation;
using Sweeps.Models.Heads;
using Sweeps.Models.Loading;
using Sweeps.Models.Ops;
using Sweeps.Models.Safetensors;
using Xunit;
using static TorchSharp.torch;

namespace Sweeps.Torch.Tests.Models;

/// <summary>T5: its checkpoints, and that batches, caches and single positions change nothing.</summary>
public sealed class EncoderDecoderTests
{
    [Theory]
    [InlineData("absent", "\"tie_word_embeddings\": true", true)]
    [InlineData("absent", "\"tie_word_embeddings\": false", true)]
    [InlineData("equal", "\"tie_word_embeddings\": false", true)]
    [InlineData("different", "\"tie_word_embeddings\": true", false)]
    [InlineData("different", "\"scale_decoder_outputs\": false", false)]
    public void The_checkpoint_decides_whether_the_head_is_tied(string head, string field, bool tied)
    {
        using var scope = NewDisposeScope();
        using var first = TinyModels.T5(seed: 3);
        using var folder = new TempFolder();
        var tensors = first.Parameters.ToDictionary(p => p.Name, p => p.Value);
        tensors["encoder.embed_tokens.weight"] = tensors["shared.weight"];
        if (head != "absent")
        {
            tensors["lm_head.weight"] = head == "equal" ? tensors["shared.weight"] : tensors["shared.weight"] * 2;
        }

        File.WriteAllText(folder["config.json"], TinyModels.T5Config.Replace("\"num_layers\": 2", $"\"num_layers\": 2, {field}", StringComparison.Ordinal));
        SafetensorsWriter.Save(folder["model.safetensors"], tensors);

        using var model = ModelFamilies.Load(folder.Path);

        Assert.Equal(tied, ReferenceEquals(model.OutputEmbedding, model.Parameters[0]));
        Assert.Equal(!tied, model.Parameters.Any(p => p.Name == "lm_head.weight"));
    }

    [Theory]
    [InlineData("\"tie_word_embeddings\": true", true)]
    [InlineData("\"tie_word_embeddings\": false", false)]
    [InlineData("\"tie_word_embeddings\": true, \"scale_decoder_outputs\": false", false)]
    [InlineData("\"tie_word_embeddings\": false, \"scale_decoder_outputs\": true", true)]
    public void The_decoders_output_is_scaled_when_config_says_so(string fields, bool scaled)
    {
        var config = TinyModels.T5Config.Replace("\"num_layers\": 2", $"\"num_layers\": 2, {fields}", StringComparison.Ordinal);
        using var model = (EncoderDecoder)TinyModels.Create(config);
        using var batch = TinyModels.Batch();
        using var scope = NewDisposeScope();
        using var off = no_grad();
        using var written = model.ShiftRight([4, 1, 5, 1, 6, 1], 3, 2);

        var hidden = model.DecoderHidden(
            model.ReadSource(model.Hidden(batch, DropoutContext.None), batch, DropoutContext.None), written, DropoutContext.None);

        // The final norm has weight 1, so that rows have a mean square of 1 before the factor.
        var meanSquare = hidden.square().mean().item<float>();
        Assert.Equal(scaled ? 1.0 / model.HiddenSize : 1.0, meanSquare, 1e-3);
    }

    [Theory]
    [InlineData("\"feed_forward_proj\": \"gelu\"", "feed_forward_proj must be relu or gated-gelu; found \"gelu\"")]
    [InlineData("\"relative_attention_num_buckets\": 6", "relative_attention_num_buckets must be a multiple of 4")]
    [InlineData("\"relative_attention_max_distance\": 4", "relative_attention_max_distance must be above half")]
    [InlineData("\"decoder_start_token_id\": 99", "decoder_start_token_id must be a token id below vocab_size, 64")]
    public void A_bad_field_is_named_with_what_is_allowed(string field, string fault)
    {
        var config = TinyModels.T5Config.Replace("\"decoder_start_token_id\": 0", $"\"decoder_start_token_id\": 0, {field}", StringComparison.Ordinal);

        var error = Assert.Throws<ModelLoadException>(() => TinyModels.Create(config));

        Assert.Contains("config.json: " + fault, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_text_alone_gives_the_loss_and_the_label_scores_that_it_gives_in_a_batch()
    {
        using var model = (EncoderDecoder)TinyModels.T5();
        using var batch = TinyModels.Batch();
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var trie = new LabelTrie([[4, 5], [4, 6, 7], [8]], endToken: 1);
        long[][] labels = [[4, 5, 1, -100], [4, 6, 7, 1], [8, 1, -100, -100]];
        long[] all = [.. labels.SelectMany(row => row)];
        var together = SequenceLoss.Loss(model, batch, all, 4, DropoutContext.None, divisor: 1).item<float>();
        var scores = LabelScorer.Score(model, batch, trie, constrained: true);
        var alone = 0f;
        for (var row = 0; row < batch.Rows; row++)
        {
            var ids = Enumerable.Range(row * 8, 8).Where(at => batch.Attended[at]).Select(at => batch.Ids[at]).ToArray();
            using var one = new TokenBatch(ids, 1, ids.Length);
            alone += SequenceLoss.Loss(model, one, labels[row], 4, DropoutContext.None, divisor: 1).item<float>();
            Assert.True(LabelScorer.Score(model, one, trie, constrained: true)[0].allclose(scores[row], 1e-5, 1e-5));
        }

        Assert.Equal(together, alone, 1e-4);
        Assert.True(scores.exp().sum(1).allclose(ones(3), 1e-5, 1e-5), "the labels' probabilities add up to 1");
    }

    [Fact]
    public void One_position_of_the_encoders_last_block_is_that_of_the_whole_block()
    {
        using var model = TinyModels.T5();
        using var batch = TinyModels.Batch();
        using var scope = NewDisposeScope();
        using var off = no_grad();
        long[] positions = [7, 9, 21];

        var whole = Transformer.Rows(model.Hidden(batch, DropoutContext.None), batch, positions);
        var single = model.HiddenAt(batch, positions, DropoutContext.None);

        Assert.True(whole.allclose(single, 1e-5, 1e-5));
    }

    [Fact]
    public void Dropout_is_a_function_of_seed_and_step()
    {
        using var model = (EncoderDecoder)TinyModels.T5();
        using var batch = TinyModels.Batch();
        float Loss(ulong seed)
        {
            using var scope = NewDisposeScope();
            using var dropout = new DropoutContext(seed, 1, 0);
            return SequenceLoss.Loss(model, batch, [4, 1, 5, 1, 6, 1], 2, dropout).item<float>();
        }

        Assert.Equal(Loss(1), Loss(1));
        Assert.NotEqual(Loss(1), Loss(2));
    }

    [Fact]
    public void Numbers_of_decoder_blocks_follow_those_of_the_encoder()
    {
        using var model = TinyModels.T5();
        int LayerOf(string name) => model.Parameters.Single(p => p.Name == name).Layer;

        Assert.Equal(4, model.BlockCount);
        Assert.Equal(1, LayerOf("encoder.block.1.layer.0.SelfAttention.q.weight"));
        Assert.Equal(2, LayerOf("decoder.block.0.layer.1.EncDecAttention.q.weight"));
        Assert.Equal(NamedParameter.TopLayer, LayerOf("decoder.final_layer_norm.weight"));
    }
}
