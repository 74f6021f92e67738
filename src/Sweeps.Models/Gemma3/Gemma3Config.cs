using Sweeps.Models.Decoders;
using Sweeps.Models.Loading;

namespace Sweeps.Models.Gemma3;

/// <summary>
/// What is Gemma 3's own: norms around both halves of a block and on heads, with weights stored minus one; scaled
/// embeddings; windows in five of six layers, which have rotary frequencies of their own. Source: transformers,
/// configuration_gemma3.py.
/// </summary>
internal static class Gemma3Config
{
    /// <summary>
    /// Reads config.json in the layout of transformers 4 (rope_theta, rope_local_base_freq, rope_scaling) or 5
    /// (rope_parameters per layer type).
    /// </summary>
    public static DecoderConfig Read(ModelConfig config)
    {
        RefuseUnsupported(config);
        var (global, local) = ReadRope(config);
        var window = config.Whole("sliding_window", 4096);
        var shared = DecoderFields.Read(
            config, "gemma3_text", 256, null, 131_072, tied: true, ("hidden_activation", GateActivation.GeluTanh));
        return shared with
        {
            Scale = Math.Pow(config.Number("query_pre_attn_scalar", 256), -0.5),
            Layers = [.. Sliding(config).Select(slides => slides ? new DecoderLayer(window, local) : new DecoderLayer(0, global))],
            NormOffset = 1,
            ScalesEmbeddings = true,
            NormsHeads = true,
            NormsOutputs = true,
        };
    }

    private static void RefuseUnsupported(ModelConfig config)
    {
        foreach (var name in (string[])["attn_logit_softcapping", "final_logit_softcapping"])
        {
            if (config.Has(name))
            {
                throw config.Fault(name, "null");
            }
        }

        DecoderFields.RequireFalse(config, "attention_bias", "use_bidirectional_attention");
    }

    private static IReadOnlyList<bool> Sliding(ModelConfig config)
    {
        var layers = config.Whole("num_hidden_layers");
        if (DecoderFields.SlidingLayers(config, layers) is { } listed)
        {
            return listed;
        }

        // Every sixth layer sees the whole text unless the file has another pattern.
        var pattern = config.Whole("sliding_window_pattern", config.Whole("_sliding_window_pattern", 6));
        return [.. Enumerable.Range(0, layers).Select(layer => (layer + 1) % pattern != 0)];
    }

    private static (RopeSettings Global, RopeSettings Local) ReadRope(ModelConfig config)
    {
        if (config.Inner("rope_parameters") is { } parameters)
        {
            RopeSettings Of(string layerType, double theta) =>
                parameters.Inner(layerType) is { } inner
                    ? RopeSettings.Of(inner, inner.Number("rope_theta", theta))
                    : throw parameters.Fault(layerType, "an object with rope_type and rope_theta");
            return (Of("full_attention", 1e6), Of("sliding_attention", 1e4));
        }

        return (
            RopeSettings.Of(config.Inner("rope_scaling"), config.Number("rope_theta", 1e6)),
            RopeSettings.Of(null, config.Number("rope_local_base_freq", 1e4)));
    }
}
