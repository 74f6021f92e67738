using Sweeps.Models.Loading;

namespace Sweeps.Models.Bert;

/// <summary>What BERT needs of config.json. Source: configuration_bert.py.</summary>
internal sealed record BertConfig(
    int Vocabulary,
    int Hidden,
    int Intermediate,
    int Layers,
    int Heads,
    int MaxPositions,
    int TokenTypes,
    double Epsilon,
    double HiddenDropout,
    double AttentionDropout,
    double ClassifierDropout,
    long? PadTokenId,
    double InitializerRange)
{
    public int HeadWidth => Hidden / Heads;

    public static BertConfig Read(ModelConfig config)
    {
        var (hidden, heads) = (config.Whole("hidden_size"), config.Whole("num_attention_heads"));
        if (hidden % heads != 0)
        {
            throw config.Fault("num_attention_heads", $"a divisor of hidden_size, {hidden}");
        }

        if (config.Text("hidden_act", "gelu") != "gelu")
        {
            throw config.Fault("hidden_act", "gelu");
        }

        if (config.Text("position_embedding_type", "absolute") != "absolute")
        {
            throw config.Fault("position_embedding_type", "absolute");
        }

        if (config.Flag("is_decoder", false))
        {
            throw config.Fault("is_decoder", "false");
        }

        var hiddenDropout = Probability(config, "hidden_dropout_prob", 0.1);
        return new BertConfig(
            config.Whole("vocab_size"),
            hidden,
            config.Whole("intermediate_size"),
            config.Whole("num_hidden_layers"),
            heads,
            config.Whole("max_position_embeddings"),
            config.Whole("type_vocab_size", 2),
            config.Number("layer_norm_eps", 1e-12),
            hiddenDropout,
            Probability(config, "attention_probs_dropout_prob", 0.1),
            Probability(config, "classifier_dropout", hiddenDropout),
            config.WholeOrNull("pad_token_id"),
            config.Number("initializer_range", 0.02));
    }

    private static double Probability(ModelConfig config, string name, double otherwise)
    {
        var value = config.Number(name, otherwise);
        return value is >= 0 and < 1 ? value : throw config.Fault(name, "at least 0 and below 1");
    }
}
