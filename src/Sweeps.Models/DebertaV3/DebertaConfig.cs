using Sweeps.Models.Loading;

namespace Sweeps.Models.DebertaV3;

/// <summary>What DeBERTa-v3 needs of config.json (model_type deberta-v2). Source: configuration_deberta_v2.py.</summary>
internal sealed record DebertaConfig(
    int Vocabulary,
    int Hidden,
    int Intermediate,
    int Layers,
    int Heads,
    int MaxPositions,
    double Epsilon,
    int Buckets,
    int MaxDistance,
    bool NormsRelative,
    bool ContentToPosition,
    bool PositionToContent,
    double HiddenDropout,
    double AttentionDropout,
    double PoolerDropout,
    double ClassifierDropout,
    long? PadTokenId,
    double InitializerRange)
{
    public int HeadWidth => Hidden / Heads;

    /// <summary>Half the number of rows of the relative embeddings.</summary>
    public int Span => Buckets > 0 ? Buckets : MaxDistance;

    /// <summary>Factor on each of the two or three parts of the scores.</summary>
    public double Scale =>
        Math.Pow(HeadWidth * (1 + (ContentToPosition ? 1 : 0) + (PositionToContent ? 1 : 0)), -0.5);

    public static DebertaConfig Read(ModelConfig config)
    {
        var (hidden, heads) = (config.Whole("hidden_size"), config.Whole("num_attention_heads"));
        if (hidden % heads != 0)
        {
            throw config.Fault("num_attention_heads", $"a divisor of hidden_size, {hidden}");
        }

        RefuseUnsupported(config, hidden);
        var maxPositions = config.Whole("max_position_embeddings", 512);
        var maxDistance = config.Whole("max_relative_positions", -1, least: int.MinValue);
        maxDistance = maxDistance < 1 ? maxPositions : maxDistance;
        var buckets = Math.Max(0, config.Whole("position_buckets", -1, least: int.MinValue));
        if (buckets > 0 && (buckets < 4 || maxDistance <= (buckets / 2) + 1))
        {
            throw config.Fault("position_buckets", $"at least 4 and small beside the longest distance, {maxDistance}");
        }

        var types = ReadAttentionTypes(config);
        var hiddenDropout = config.Probability("hidden_dropout_prob", 0.1);
        return new DebertaConfig(
            config.Whole("vocab_size"),
            hidden,
            config.Whole("intermediate_size"),
            config.Whole("num_hidden_layers"),
            heads,
            maxPositions,
            config.Number("layer_norm_eps", 1e-7),
            buckets,
            maxDistance,
            config.Text("norm_rel_ebd", "none").Contains("layer_norm", StringComparison.Ordinal),
            types.Contains("c2p"),
            types.Contains("p2c"),
            hiddenDropout,
            config.Probability("attention_probs_dropout_prob", 0.1),
            config.Probability("pooler_dropout", 0),
            config.Probability("cls_dropout", hiddenDropout),
            config.PadTokenId(config.Whole("vocab_size")),
            config.Number("initializer_range", 0.02));
    }

    private static void RefuseUnsupported(ModelConfig config, int hidden)
    {
        foreach (var name in (string[])["hidden_act", "pooler_hidden_act"])
        {
            if (config.Text(name, "gelu") != "gelu")
            {
                throw config.Fault(name, "gelu");
            }
        }

        // What sets DeBERTa-v3 apart from versions 1 and 2.
        foreach (var (name, otherwise, needed) in ((string, bool, bool)[])
            [("relative_attention", false, true), ("share_att_key", false, true), ("position_biased_input", true, false)])
        {
            if (config.Flag(name, otherwise) != needed)
            {
                throw config.Fault(name, needed ? "true, as in DeBERTa-v3" : "false, as in DeBERTa-v3");
            }
        }

        foreach (var (name, needed) in ((string, int)[])
            [("type_vocab_size", 0), ("conv_kernel_size", 0), ("embedding_size", hidden), ("pooler_hidden_size", hidden)])
        {
            if (config.Whole(name, needed, least: 0) != needed)
            {
                throw config.Fault(name, $"{needed}, as in DeBERTa-v3");
            }
        }
    }

    /// <summary>A list, or in the published files one text with bars: <c>p2c|c2p</c>.</summary>
    private static string[] ReadAttentionTypes(ModelConfig config)
    {
        const string Name = "pos_att_type";
        string[] types = !config.Has(Name)
            ? []
            : config.IsText(Name) ? config.Text(Name).Split('|') : [.. config.Texts(Name)!];
        return types.All(type => type is "c2p" or "p2c") ? types : throw config.Fault(Name, "c2p and p2c, or one of them");
    }
}
