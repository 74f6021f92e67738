using Sweeps.Models.Loading;

namespace Sweeps.Models.Bert;

/// <summary>What BERT and RoBERTa need of config.json. Source: configuration_bert.py, configuration_roberta.py.</summary>
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

        var hiddenDropout = config.Probability("hidden_dropout_prob", 0.1);
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
            config.Probability("attention_probs_dropout_prob", 0.1),
            config.Probability("classifier_dropout", hiddenDropout),
            config.PadTokenId(config.Whole("vocab_size")),
            config.Number("initializer_range", 0.02));
    }
}
