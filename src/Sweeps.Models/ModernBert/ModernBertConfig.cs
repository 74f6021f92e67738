using Sweeps.Models.Decoders;
using Sweeps.Models.Heads;
using Sweeps.Models.Loading;

namespace Sweeps.Models.ModernBert;

/// <summary>
/// What ModernBERT needs of config.json, in the layout of transformers 4 (global_rope_theta, local_rope_theta,
/// global_attn_every_n_layers) or 5 (rope_parameters, layer_types). Source: configuration_modernbert.py.
/// </summary>
internal sealed record ModernBertConfig(
    int Vocabulary,
    int Hidden,
    int Intermediate,
    int Layers,
    int Heads,
    int MaxPositions,
    double Epsilon,
    int HalfWindow,
    IReadOnlyList<bool> IsLocal,
    RopeSettings GlobalRope,
    RopeSettings LocalRope,
    HeadPooling Pooling,
    double EmbeddingDropout,
    double AttentionDropout,
    double FeedForwardDropout,
    double ClassifierDropout,
    long? PadTokenId,
    double InitializerRange)
{
    public int HeadWidth => Hidden / Heads;

    public static ModernBertConfig Read(ModelConfig config)
    {
        var (hidden, heads) = (config.Whole("hidden_size", 768), config.Whole("num_attention_heads", 12));
        if (hidden % heads != 0 || hidden / heads % 2 != 0)
        {
            throw config.Fault("num_attention_heads", $"a divisor of hidden_size, {hidden}, that leaves heads of even width");
        }

        RefuseUnsupported(config);
        var layers = config.Whole("num_hidden_layers", 22);
        var (global, local) = ReadRope(config);
        return new ModernBertConfig(
            config.Whole("vocab_size", 50_368),
            hidden,
            config.Whole("intermediate_size", 1152),
            layers,
            heads,
            config.Whole("max_position_embeddings", 8192),
            config.Number("norm_eps", 1e-5),
            config.Whole("local_attention", 128) / 2,
            ReadLayerTypes(config, layers),
            global,
            local,
            config.Text("classifier_pooling", "cls") switch
            {
                "cls" => HeadPooling.Cls,
                "mean" => HeadPooling.Mean,
                _ => throw config.Fault("classifier_pooling", "cls or mean"),
            },
            config.Probability("embedding_dropout", 0),
            config.Probability("attention_dropout", 0),
            config.Probability("mlp_dropout", 0),
            config.Probability("classifier_dropout", 0),
            config.PadTokenId(config.Whole("vocab_size")),
            config.Number("initializer_range", 0.02));
    }

    private static void RefuseUnsupported(ModelConfig config)
    {
        foreach (var name in (string[])["hidden_activation", "classifier_activation"])
        {
            if (config.Text(name, "gelu") != "gelu")
            {
                throw config.Fault(name, "gelu");
            }
        }

        foreach (var name in (string[])["norm_bias", "attention_bias", "mlp_bias", "classifier_bias"])
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
            var every = config.Whole("global_attn_every_n_layers", 3);
            return [.. Enumerable.Range(0, layers).Select(layer => layer % every != 0)];
        }

        return types.Count == layers && types.All(type => type is "sliding_attention" or "full_attention")
            ? [.. types.Select(type => type == "sliding_attention")]
            : throw config.Fault("layer_types", $"{layers} values of sliding_attention or full_attention");
    }

    private static (RopeSettings Global, RopeSettings Local) ReadRope(ModelConfig config)
    {
        if (config.Inner("rope_parameters") is not { } parameters)
        {
            // A null local theta means that of the global layers.
            var global = config.Number("global_rope_theta", 160_000);
            var isNull = config.Contains("local_rope_theta") && !config.Has("local_rope_theta");
            return (
                RopeSettings.Of(null, global),
                RopeSettings.Of(null, config.Number("local_rope_theta", isNull ? global : 10_000)));
        }

        RopeSettings Of(string layerType, double theta)
        {
            var inner = parameters.Inner(layerType)
                ?? throw parameters.Fault(layerType, "an object with rope_type and rope_theta");
            return RopeSettings.Of(inner, inner.Number("rope_theta", theta));
        }

        return (Of("full_attention", 160_000), Of("sliding_attention", 10_000));
    }
}
