using Sweeps.Models.Loading;

namespace Sweeps.Models.Gemma3;

/// <summary>
/// What the Gemma 3 text model needs of config.json, in the layout of transformers 4 (rope_theta, rope_local_base_freq,
/// rope_scaling) or 5 (rope_parameters per layer type). Source: configuration_gemma3.py.
/// </summary>
internal sealed record Gemma3Config(
    int Vocabulary,
    int Hidden,
    int Intermediate,
    int Layers,
    int Heads,
    int KeyHeads,
    int HeadWidth,
    int MaxPositions,
    double Epsilon,
    double Scale,
    int Window,
    IReadOnlyList<bool> IsSliding,
    Gemma3Rope GlobalRope,
    Gemma3Rope LocalRope,
    bool Tied,
    long? PadTokenId,
    double InitializerRange)
{
    public static Gemma3Config Read(ModelConfig config)
    {
        var heads = config.Whole("num_attention_heads");
        var keyHeads = config.Whole("num_key_value_heads", heads);
        if (heads % keyHeads != 0)
        {
            throw config.Fault("num_key_value_heads", $"a divisor of num_attention_heads, {heads}");
        }

        var width = config.Whole("head_dim", 256, least: 2);
        if (width % 2 != 0)
        {
            throw config.Fault("head_dim", "even");
        }

        RefuseUnsupported(config);
        var layers = config.Whole("num_hidden_layers");
        var (global, local) = ReadRope(config);
        return new Gemma3Config(
            config.Whole("vocab_size"),
            config.Whole("hidden_size"),
            config.Whole("intermediate_size"),
            layers,
            heads,
            keyHeads,
            width,
            config.Whole("max_position_embeddings", 131_072),
            config.Number("rms_norm_eps", 1e-6),
            Math.Pow(config.Number("query_pre_attn_scalar", 256), -0.5),
            config.Whole("sliding_window", 4096),
            ReadLayerTypes(config, layers),
            global,
            local,
            config.Flag("tie_word_embeddings", true),
            config.WholeOrNull("pad_token_id"),
            config.Number("initializer_range", 0.02));
    }

    private static void RefuseUnsupported(ModelConfig config)
    {
        if (config.Text("hidden_activation", "gelu_pytorch_tanh") != "gelu_pytorch_tanh")
        {
            throw config.Fault("hidden_activation", "gelu_pytorch_tanh");
        }

        foreach (var name in (string[])["attn_logit_softcapping", "final_logit_softcapping"])
        {
            if (config.Has(name))
            {
                throw config.Fault(name, "null");
            }
        }

        foreach (var name in (string[])["attention_bias", "use_bidirectional_attention"])
        {
            if (config.Flag(name, false))
            {
                throw config.Fault(name, "false");
            }
        }
    }

    private static bool[] ReadLayerTypes(ModelConfig config, int layers)
    {
        if (config.Texts("layer_types") is not { } types)
        {
            // Every sixth layer sees the whole text unless the file has another pattern.
            var pattern = config.Whole("sliding_window_pattern", config.Whole("_sliding_window_pattern", 6));
            return [.. Enumerable.Range(0, layers).Select(layer => (layer + 1) % pattern != 0)];
        }

        return types.Count == layers && types.All(type => type is "sliding_attention" or "full_attention")
            ? [.. types.Select(type => type == "sliding_attention")]
            : throw config.Fault("layer_types", $"{layers} values of sliding_attention or full_attention");
    }

    private static (Gemma3Rope Global, Gemma3Rope Local) ReadRope(ModelConfig config)
    {
        if (config.Inner("rope_parameters") is { } parameters)
        {
            Gemma3Rope Of(string layerType, double theta) =>
                parameters.Inner(layerType) is { } inner
                    ? new Gemma3Rope(inner.Number("rope_theta", theta), LinearFactor(inner))
                    : throw parameters.Fault(layerType, "an object with rope_type and rope_theta");
            return (Of("full_attention", 1e6), Of("sliding_attention", 1e4));
        }

        var factor = config.Inner("rope_scaling") is { } scaling ? LinearFactor(scaling) : 1;
        return (
            new Gemma3Rope(config.Number("rope_theta", 1e6), factor),
            new Gemma3Rope(config.Number("rope_local_base_freq", 1e4), 1));
    }

    private static double LinearFactor(ModelConfig rope) =>
        rope.Text("rope_type", rope.Text("type", "default")) switch
        {
            "default" => 1,
            "linear" => rope.Number("factor"),
            _ => throw rope.Fault("rope_type", "default or linear"),
        };
}

/// <summary>Base of the rotary frequencies and the factor that positions are divided by.</summary>
internal sealed record Gemma3Rope(double Theta, double LinearFactor);
