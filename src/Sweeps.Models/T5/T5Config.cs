using Sweeps.Models.Loading;

namespace Sweeps.Models.T5;

/// <summary>What T5, T5 v1.1 and FLAN-T5 need of config.json. Source: configuration_t5.py.</summary>
internal sealed record T5Config(
    int Vocabulary,
    int Hidden,
    int Intermediate,
    int EncoderLayers,
    int DecoderLayers,
    int Heads,
    int HeadWidth,
    int Buckets,
    int MaxDistance,
    bool IsGated,
    double Epsilon,
    double Dropout,
    bool Tied,
    bool ScalesOutput,
    long? PadTokenId,
    long StartTokenId,
    double InitializerFactor)
{
    public static T5Config Read(ModelConfig config)
    {
        var buckets = config.Whole("relative_attention_num_buckets", 32, least: 4);
        if (buckets % 4 != 0)
        {
            throw config.Fault("relative_attention_num_buckets", "a multiple of 4");
        }

        var distance = config.Whole("relative_attention_max_distance", 128);
        if (distance <= buckets / 2)
        {
            throw config.Fault("relative_attention_max_distance", $"above half of relative_attention_num_buckets, {buckets / 2}");
        }

        var vocabulary = config.Whole("vocab_size");
        var pad = config.PadTokenId(vocabulary);
        var start = config.WholeOrNull("decoder_start_token_id") ?? pad ?? 0;
        if (start < 0 || start >= vocabulary)
        {
            throw config.Fault("decoder_start_token_id", $"a token id below vocab_size, {vocabulary}");
        }

        var layers = config.Whole("num_layers");
        var tied = config.Flag("tie_word_embeddings", true);
        return new T5Config(
            vocabulary,
            config.Whole("d_model"),
            config.Whole("d_ff"),
            layers,
            config.Whole("num_decoder_layers", layers),
            config.Whole("num_heads"),
            config.Whole("d_kv"),
            buckets,
            distance,
            config.Text("feed_forward_proj", "relu") switch
            {
                "relu" => false,
                "gated-gelu" => true,
                _ => throw config.Fault("feed_forward_proj", "relu or gated-gelu"),
            },
            config.Number("layer_norm_epsilon", 1e-6),
            config.Probability("dropout_rate", 0.1),
            tied,
            config.Flag("scale_decoder_outputs", tied),
            pad,
            start,
            config.Number("initializer_factor", 1));
    }
}
