using Sweeps.Models.Loading;

namespace Sweeps.Models.Decoders;

/// <summary>Reads the fields of config.json that the decoder families share.</summary>
internal static class DecoderFields
{
    /// <summary>
    /// A config of <paramref name="modelType"/> with what all families name alike; the family sets what is its own.
    /// </summary>
    /// <param name="config">config.json.</param>
    /// <param name="modelType">The family.</param>
    /// <param name="headWidth">Width of a head where the file names none; null is hidden_size / num_attention_heads.</param>
    /// <param name="keyHeads">Key heads where the file names none; null is num_attention_heads.</param>
    /// <param name="maxPositions">max_position_embeddings where the file names none.</param>
    /// <param name="tied">tie_word_embeddings where the file does not say.</param>
    /// <param name="gate">The activation and the field that must name it.</param>
    public static DecoderConfig Read(
        ModelConfig config,
        string modelType,
        int? headWidth,
        int? keyHeads,
        int maxPositions,
        bool tied,
        (string Field, GateActivation Activation) gate)
    {
        var hidden = config.Whole("hidden_size");
        var heads = config.Whole("num_attention_heads");
        var width = HeadWidth(config, headWidth, hidden, heads);
        RequireActivation(config, gate.Field, gate.Activation);
        return new DecoderConfig
        {
            ModelType = modelType,
            Vocabulary = config.Whole("vocab_size"),
            Hidden = hidden,
            Intermediate = config.Whole("intermediate_size"),
            Heads = heads,
            KeyHeads = KeyHeads(config, keyHeads, heads),
            HeadWidth = width,
            MaxPositions = config.Whole("max_position_embeddings", maxPositions),
            Epsilon = config.Number("rms_norm_eps", 1e-6),
            Scale = Math.Pow(width, -0.5),
            Gate = gate.Activation,
            Layers = [],
            Tied = config.Flag("tie_word_embeddings", tied),
            PadTokenId = config.PadTokenId(config.Whole("vocab_size")),
            InitializerRange = config.Number("initializer_range", 0.02),
        };
    }

    /// <summary>
    /// Which blocks have a window, from <c>layer_types</c>; null when the file has no such list.
    /// </summary>
    public static IReadOnlyList<bool>? SlidingLayers(ModelConfig config, int layers)
    {
        if (config.Texts("layer_types") is not { } types)
        {
            return null;
        }

        return types.Count == layers && types.All(type => type is "sliding_attention" or "full_attention")
            ? [.. types.Select(type => type == "sliding_attention")]
            : throw config.Fault("layer_types", $"{layers} values of sliding_attention or full_attention");
    }

    /// <summary>Refuses flags that would change the mathematics in ways that are not implemented.</summary>
    public static void RequireFalse(ModelConfig config, params string[] names)
    {
        foreach (var name in names)
        {
            if (config.Flag(name, false))
            {
                throw config.Fault(name, "false");
            }
        }
    }

    private static int HeadWidth(ModelConfig config, int? otherwise, int hidden, int heads)
    {
        if (!config.Has("head_dim") && otherwise is null && hidden % heads != 0)
        {
            throw config.Fault("num_attention_heads", $"a divisor of hidden_size, {hidden}, where there is no head_dim");
        }

        var width = config.Whole("head_dim", otherwise ?? (hidden / heads), least: 2);
        return width % 2 == 0 ? width : throw config.Fault("head_dim", "even");
    }

    private static int KeyHeads(ModelConfig config, int? otherwise, int heads)
    {
        var keyHeads = config.Whole("num_key_value_heads", otherwise ?? heads);
        return heads % keyHeads == 0
            ? keyHeads
            : throw config.Fault("num_key_value_heads", $"a divisor of num_attention_heads, {heads}");
    }

    private static void RequireActivation(ModelConfig config, string field, GateActivation activation)
    {
        string[] names = activation == GateActivation.Silu ? ["silu", "swish"] : ["gelu_pytorch_tanh"];
        if (!names.Contains(config.Text(field, names[0])))
        {
            throw config.Fault(field, names[0]);
        }
    }
}
