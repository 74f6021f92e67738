using Sweeps.Models.Decoders;
using Sweeps.Models.Loading;

namespace Sweeps.Models.Qwen3;

/// <summary>
/// What is Qwen 3's own: norms on the heads of queries and keys, and heads whose width is not hidden / heads. Source:
/// transformers, configuration_qwen3.py.
/// </summary>
internal static class Qwen3Config
{
    /// <summary>Reads config.json in either layout.</summary>
    public static DecoderConfig Read(ModelConfig config)
    {
        var layers = config.Whole("num_hidden_layers");
        var rope = RopeSettings.Read(config, 10_000);
        var shared = DecoderFields.Read(config, "qwen3", 128, 32, 32_768, tied: false, ("hidden_act", GateActivation.Silu));
        var window = config.Flag("use_sliding_window", false) ? config.Whole("sliding_window", 4096) : 0;

        // Without a list of types, the layers from max_window_layers on have the window.
        var sliding = DecoderFields.SlidingLayers(config, layers)
            ?? [.. Enumerable.Range(0, layers).Select(layer => layer >= config.Whole("max_window_layers", 28, least: 0))];
        return shared with
        {
            Layers = [.. sliding.Select(slides => new DecoderLayer(slides ? window : 0, rope))],
            NormsHeads = true,
            AttentionBias = config.Flag("attention_bias", false),
        };
    }
}
