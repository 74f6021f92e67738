using System.Text.Json;
using System.Text.Json.Nodes;
using Sweeps.Models;
using Sweeps.Models.Decoders;
using Sweeps.Models.Loading;
using Sweeps.Models.Ops;
using Xunit;
using static TorchSharp.torch;

namespace Sweeps.Torch.Tests.Models.Golden;

/// <summary>What the reference files of decoders say beyond logits, gradients and training of one batch.</summary>
[Trait("Category", "Golden")]
public sealed class DecoderGoldenTests
{
    public static TheoryData<string, double> Files => new()
    {
        { "gemma3_lm", 3e-5 },
        { "gemma3_deep", 3e-5 },
        { "gemma3_rope_linear", 3e-5 },
        { "gemma3_cls", 1e-5 },
        { "qwen3_cls", 2e-5 },
        { "qwen3_lm_tied", 3e-5 },
        { "llama_lm", 5e-5 },
        { "llama_cls", 5e-5 },
        { "llama3_rope_lm", 5e-5 },
        { "llama3_rope32_lm", 5e-5 },
        { "llama3_rope_cls", 5e-5 },
        { "mistral_lm", 3e-5 },
        { "mistral_cls", 3e-5 },
    };

    [Theory]
    [MemberData(nameof(Files))]
    public void A_row_alone_equals_the_row_in_a_batch_padded_on_either_side(string file, double tolerance)
    {
        using var golden = GoldenCase.Load(file);
        using var scope = NewDisposeScope();
        using var off = no_grad();
        using var left = LeftPadded(golden.Batch, fromMask: false);
        using var leftFromMask = LeftPadded(golden.Batch, fromMask: true);
        var worst = new Worst($"{file} alone", tolerance);
        for (var row = 0; row < golden.Batch.Rows; row++)
        {
            using var alone = golden.Alone(row);
            var own = Attended(golden, alone, 0);
            foreach (var (batch, where) in new[] { (golden.Batch, "right"), (left, "left"), (leftFromMask, "left, by mask") })
            {
                var inside = Attended(golden, batch, row);
                Assert.Equal(own.Length, inside.Length);
                for (var i = 0; i < own.Length; i++)
                {
                    worst.Absolute(own[i], inside[i], $"row {row}, {where}, value {i}");
                }
            }
        }

        worst.Check();
    }

    [Theory]
    [InlineData("gemma3_deep", "logits_generate_positions", 3e-5)]
    [InlineData("gemma3_deep", "logits_last_forward_default", 3e-5)]
    [InlineData("llama3_rope_lm", "logits_last_generate_positions", 5e-5)]
    [InlineData("llama3_rope_lm", "logits_last_forward_default", 5e-5)]
    [InlineData("mistral_lm", "logits_last_generate_positions", 3e-5)]
    public void Left_padding_gives_the_logits_of_the_reference(string file, string field, double tolerance)
    {
        using var golden = GoldenCase.Load(file);
        var json = golden.Json.GetProperty("left_padded");
        var mask = GoldenCase.Longs(json.GetProperty("attention_mask"));
        var rows = json.GetProperty("attention_mask").GetArrayLength();
        var given = GoldenCase.Longs(json.GetProperty("position_ids_generate"));
        Assert.Equal(given, TokenBatch.PositionsFromMask(mask, rows));
        using var batch = new TokenBatch(
            GoldenCase.Longs(json.GetProperty("input_ids")), rows, mask.Length / rows, mask)
        {
            Positions = field.EndsWith("default", StringComparison.Ordinal) ? null : given,
        };
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var expected = GoldenCase.Floats(json.GetProperty(field));
        var hidden = golden.Hidden(batch);
        var onlyLast = expected.Length == rows * golden.Model.VocabularySize;
        var logits = onlyLast
            ? golden.Model.Logits(Transformer.Rows(hidden, batch, batch.LastAttended()))
            : golden.Model.Logits(hidden.view(-1, golden.Model.HiddenSize));
        var actual = logits.data<float>().ToArray();
        Assert.Equal(expected.Length, actual.Length);
        var worst = new Worst($"{file} left padded {field}", tolerance);
        for (var i = 0; i < actual.Length; i++)
        {
            if (onlyLast || batch.Attended[i / golden.Model.VocabularySize])
            {
                worst.Absolute(expected[i], actual[i], $"value {i}");
            }
        }

        worst.Check();
    }

    [Fact]
    public void Gemma_3_gives_the_hidden_states_of_every_layer()
    {
        using var golden = GoldenCase.Load("gemma3_deep");
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var expected = golden.Json.GetProperty("row0_hidden_last_token_per_layer");
        var last = golden.Batch.LastAttended()[..1];
        var worst = new Worst("gemma3_deep hidden states of each layer", 3e-5);
        var hidden = golden.Model.Embed(golden.Batch, DropoutContext.None);
        for (var layer = 0; layer < golden.Model.LayerCount; layer++)
        {
            Compare(layer, hidden);
            hidden = golden.Model.RunBlocks(hidden, golden.Batch, layer, layer + 1, DropoutContext.None);
        }

        Compare(golden.Model.LayerCount, golden.Model.Finish(hidden));
        worst.Check();

        void Compare(int layer, Tensor output)
        {
            var values = Transformer.Rows(output, golden.Batch, last).data<float>().ToArray();
            foreach (var (one, index) in GoldenCase.Floats(expected[layer]).Select((value, index) => (value, index)))
            {
                worst.Absolute(one, values[index], $"layer {layer}, value {index}");
            }
        }
    }

    [Fact]
    public void Gemma_3_gives_the_logits_of_unpadded_rows()
    {
        using var golden = GoldenCase.Load("gemma3_deep");
        var worst = new Worst("gemma3_deep unpadded rows", 3e-5);
        foreach (var row in golden.Json.GetProperty("batch_invariance").GetProperty("rows").EnumerateArray())
        {
            using var scope = NewDisposeScope();
            using var off = no_grad();
            using var batch = GoldenCase.BatchOf(row);
            var logits = golden.Logits(batch);
            Compare(row.GetProperty("logits_last"), logits[-1]);
            Compare(row.GetProperty("logits_mid"), logits[batch.Length / 2]);
        }

        worst.Check();

        void Compare(JsonElement expected, Tensor actual)
        {
            var values = actual.data<float>().ToArray();
            foreach (var (one, index) in GoldenCase.Floats(expected).Select((value, index) => (value, index)))
            {
                worst.Absolute(one, values[index], $"value {index}");
            }
        }
    }

    [Fact]
    public void Mistral_without_a_window_sees_the_whole_text()
    {
        var window = GoldenCase.Read("mistral_lm").GetProperty("window");
        foreach (var edit in (Action<JsonObject>[])[config => config["sliding_window"] = null, config => config.Remove("sliding_window")])
        {
            var config = JsonNode.Parse(GoldenCase.Read("mistral_lm").GetProperty("config").GetRawText())!.AsObject();
            edit(config);
            using var golden = GoldenCase.Load("mistral_lm", config.ToJsonString());
            using var scope = NewDisposeScope();
            using var off = no_grad();
            var last = golden.Model
                .Logits(golden.Model.HiddenAt(golden.Batch, golden.Batch.LastAttended(), DropoutContext.None))
                .data<float>()
                .ToArray();
            var worst = new Worst("mistral_lm without a window", 3e-5);
            foreach (var (expected, index) in GoldenCase.Floats(window.GetProperty("logits_null_window")).Select((v, i) => (v, i)))
            {
                worst.Absolute(expected, last[index], $"value {index}");
            }

            worst.Check();
        }
    }

    [Theory]
    [InlineData("llama3_rope_lm")]
    [InlineData("llama3_rope32_lm")]
    [InlineData("llama3_rope_cls")]
    public void The_frequencies_of_llama3_equal_the_reference(string file)
    {
        var json = GoldenCase.Read(file);
        var config = ModelConfig.Parse(file, json.GetProperty("config").GetRawText());

        CheckFrequencies(file, json.GetProperty("rope").GetProperty("inv_freq"), RopeSettings.Read(config, 1e4), config.Whole("head_dim"));
    }

    [Fact]
    public void The_frequencies_of_published_Llamas_equal_the_reference()
    {
        var cases = GoldenCase.Read("llama3_rope_lm").GetProperty("rope_published").GetProperty("cases");
        foreach (var one in cases.EnumerateArray())
        {
            var name = one.GetProperty("values_of").GetString()!;
            var newer = ModelConfig.Parse(name, $"{{\"rope_parameters\": {one.GetProperty("config").GetRawText()}}}");
            var older = JsonNode.Parse(one.GetProperty("config").GetRawText())!.AsObject();
            var theta = older["rope_theta"]!.DeepClone();
            older.Remove("rope_theta");
            var scaling = new JsonObject { ["rope_theta"] = theta, ["rope_scaling"] = older };

            foreach (var config in new[] { newer, ModelConfig.Parse(name, scaling.ToJsonString()) })
            {
                CheckFrequencies(
                    name, one.GetProperty("inv_freq"), RopeSettings.Read(config, 1e4), one.GetProperty("head_dim").GetInt32());
            }
        }
    }

    [Theory]
    [InlineData("qwen3_cls")]
    [InlineData("qwen3_lm_tied")]
    [InlineData("gemma3_lm")]
    public void Reads_the_newer_layout_of_config_json_the_same(string file)
    {
        var config = JsonNode.Parse(GoldenCase.Read(file).GetProperty("config").GetRawText())!.AsObject();
        JsonObject Rope(string field) => new() { ["rope_type"] = "default", ["rope_theta"] = config[field]!.DeepClone() };
        config["rope_parameters"] = file == "gemma3_lm"
            ? new JsonObject { ["full_attention"] = Rope("rope_theta"), ["sliding_attention"] = Rope("rope_local_base_freq") }
            : Rope("rope_theta");
        foreach (var field in (string[])["rope_theta", "rope_local_base_freq", "rope_scaling", "torch_dtype"])
        {
            config.Remove(field);
        }

        config["dtype"] = "float32";
        using var golden = GoldenCase.Load(file, config.ToJsonString());

        golden.CheckLogits("logits", 3e-5);
    }

    private static void CheckFrequencies(string name, JsonElement expected, RopeSettings rope, int width)
    {
        var worst = new Worst($"{name} frequencies", 1e-6);
        var frequencies = rope.Frequencies(width);
        var values = GoldenCase.Floats(expected);
        Assert.Equal(values.Length, frequencies.Length);
        for (var i = 0; i < values.Length; i++)
        {
            // Relative: far frequencies are small.
            worst.Absolute(1, frequencies[i] / values[i], $"frequency {i}");
        }

        worst.Check();
    }

    /// <summary>Classifier scores of a row, or the logits at its attended tokens.</summary>
    private static float[] Attended(GoldenCase golden, TokenBatch batch, int row)
    {
        if (golden.Head is not null)
        {
            return golden.Logits(batch)[row].data<float>().ToArray();
        }

        var kept = Enumerable.Range(row * batch.Length, batch.Length).Where(at => batch.Attended[at]).Select(at => (long)at);
        return golden.Logits(batch).index_select(0, tensor(kept.ToArray())).data<float>().ToArray();
    }

    private static TokenBatch LeftPadded(TokenBatch batch, bool fromMask)
    {
        var (rows, length) = (batch.Rows, batch.Length);
        var ids = new long[rows * length];
        var mask = new long[rows * length];
        for (var row = 0; row < rows; row++)
        {
            var kept = batch.Attended.Slice(row * length, length).Count(true);
            batch.Ids.Slice(row * length, kept).CopyTo(ids.AsSpan(((row + 1) * length) - kept));
            mask.AsSpan(((row + 1) * length) - kept, kept).Fill(1);
        }

        return new TokenBatch(ids, rows, length, mask) { Positions = fromMask ? TokenBatch.PositionsFromMask(mask, rows) : null };
    }
}
