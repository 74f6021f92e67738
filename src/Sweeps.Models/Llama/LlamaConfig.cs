using Sweeps.Models.Decoders;
using Sweeps.Models.Loading;

namespace Sweeps.Models.Llama;

/// <summary>
/// The plain decoder, with the llama3 frequencies from release 3.1 on. Source: transformers, configuration_llama.py.
/// </summary>
internal static class LlamaConfig
{
    /// <summary>Reads config.json in either layout.</summary>
    public static DecoderConfig Read(ModelConfig config)
    {
        var rope = RopeSettings.Read(config, 10_000);
        var shared = DecoderFields.Read(config, "llama", null, null, 2048, tied: false, ("hidden_act", GateActivation.Silu));

        // Transformers refuses this even where head_dim is given.
        if (shared.Hidden % shared.Heads != 0)
        {
            throw config.Fault("hidden_size", $"a multiple of num_attention_heads, {shared.Heads}");
        }

        return shared with
        {
            Layers = [.. Enumerable.Repeat(new DecoderLayer(0, rope), config.Whole("num_hidden_layers"))],
            AttentionBias = config.Flag("attention_bias", false),
            FeedForwardBias = config.Flag("mlp_bias", false),
        };
    }
}
