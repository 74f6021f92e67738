using System.Runtime.InteropServices;
using System.Text.Json;
using Sweeps.Models.Safetensors;
using static TorchSharp.torch;

namespace Sweeps.Torch.Tests.Models.Golden;

/// <summary>
/// Reads a model in the first format of llama2.c (https://github.com/karpathy/llama2.c): seven integers, then 32-bit
/// floats. Its rotary positions turn neighbouring elements of a head; ours turn element i with i + width / 2, so rows of
/// the query and key matrices are put in that order.
/// </summary>
internal static class Llama2cFile
{
    /// <summary>Writes it as a Hugging Face folder.</summary>
    public static void Convert(string path, string folder)
    {
        var bytes = File.ReadAllBytes(path);
        var header = MemoryMarshal.Cast<byte, int>(bytes.AsSpan(0, 28));
        var (hidden, inner, layers, heads) = (header[0], header[1], header[2], header[3]);
        var (keyHeads, vocabulary, length) = (header[4], header[5], header[6]);
        var width = hidden / heads;
        var values = MemoryMarshal.Cast<byte, float>(bytes.AsSpan(28)).ToArray();
        var at = 0;
        var tensors = new Dictionary<string, Tensor>();
        using var scope = NewDisposeScope();

        Read("model.embed_tokens", vocabulary, hidden);
        ReadAll("input_layernorm", hidden);
        ReadHeads("self_attn.q_proj", heads);
        ReadHeads("self_attn.k_proj", keyHeads);
        ReadAll("self_attn.v_proj", keyHeads * width, hidden);
        ReadAll("self_attn.o_proj", hidden, hidden);
        ReadAll("post_attention_layernorm", hidden);
        ReadAll("mlp.gate_proj", inner, hidden);
        ReadAll("mlp.down_proj", hidden, inner);
        ReadAll("mlp.up_proj", inner, hidden);
        Read("model.norm", hidden);

        SafetensorsWriter.Save(Path.Combine(folder, "model.safetensors"), tensors);
        File.WriteAllText(Path.Combine(folder, "config.json"), JsonSerializer.Serialize(new Dictionary<string, object>
        {
            ["model_type"] = "llama",
            ["vocab_size"] = vocabulary,
            ["hidden_size"] = hidden,
            ["intermediate_size"] = inner,
            ["num_hidden_layers"] = layers,
            ["num_attention_heads"] = heads,
            ["num_key_value_heads"] = keyHeads,
            ["max_position_embeddings"] = length,
            ["rms_norm_eps"] = 1e-5,
            ["rope_theta"] = 10000.0,
            ["tie_word_embeddings"] = true,
        }));

        Tensor Take(params long[] shape)
        {
            var count = (int)shape.Aggregate(1L, (product, size) => product * size);
            at += count;
            return tensor(values.AsSpan(at - count, count).ToArray(), shape);
        }

        void Read(string name, params long[] shape) => tensors.Add(name + ".weight", Take(shape));

        void ReadAll(string name, params long[] shape)
        {
            for (var layer = 0; layer < layers; layer++)
            {
                Read($"model.layers.{layer}.{name}", shape);
            }
        }

        void ReadHeads(string name, int count)
        {
            for (var layer = 0; layer < layers; layer++)
            {
                var halves = Take(count, width / 2, 2, hidden).transpose(1, 2).reshape(count * width, hidden);
                tensors.Add($"model.layers.{layer}.{name}.weight", halves);
            }
        }
    }
}
