using Sweeps.Models;
using Sweeps.Models.Loading;

namespace Sweeps.Torch.Tests.Models;

/// <summary>Small new models and batches.</summary>
internal static class TinyModels
{
    public const string Gemma3Config = """
        {
          "model_type": "gemma3_text", "vocab_size": 64, "hidden_size": 32, "intermediate_size": 48,
          "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16,
          "max_position_embeddings": 64, "query_pre_attn_scalar": 16, "sliding_window": 4,
          "layer_types": ["sliding_attention", "full_attention", "sliding_attention"], "pad_token_id": 0
        }
        """;

    public const string BertConfig = """
        {
          "model_type": "bert", "vocab_size": 64, "hidden_size": 32, "intermediate_size": 48,
          "num_hidden_layers": 2, "num_attention_heads": 4, "max_position_embeddings": 32, "pad_token_id": 0,
          "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1
        }
        """;

    /// <summary>A small decoder with large weights, so that its scores differ: gemma3, qwen3, llama or mistral.</summary>
    public static Transformer Decoder(string family, ulong seed = 1) => Create(
        Gemma3Config.Replace("gemma3_text", family == "gemma3" ? "gemma3_text" : family, StringComparison.Ordinal)
            .Replace("\"pad_token_id\": 0", "\"pad_token_id\": 0, \"initializer_range\": 0.2", StringComparison.Ordinal),
        seed);

    public const string T5Config = """
        {
          "model_type": "t5", "vocab_size": 64, "d_model": 32, "d_kv": 8, "d_ff": 48, "num_layers": 2, "num_heads": 4,
          "relative_attention_num_buckets": 8, "relative_attention_max_distance": 16, "dropout_rate": 0.1,
          "feed_forward_proj": "gated-gelu", "pad_token_id": 0, "eos_token_id": 1, "decoder_start_token_id": 0
        }
        """;

    public const string DebertaConfig = """
        {
          "model_type": "deberta-v2", "vocab_size": 64, "hidden_size": 32, "intermediate_size": 48,
          "num_hidden_layers": 2, "num_attention_heads": 4, "max_position_embeddings": 32, "pad_token_id": 0,
          "relative_attention": true, "share_att_key": true, "position_biased_input": false, "position_buckets": 8,
          "pos_att_type": "p2c|c2p", "norm_rel_ebd": "layer_norm", "max_relative_positions": -1, "type_vocab_size": 0
        }
        """;

    public static Transformer T5(ulong seed = 1) => Create(T5Config, seed);

    public static Transformer Deberta(ulong seed = 1) => Create(DebertaConfig, seed);

    public static Transformer Gemma3(ulong seed = 1) => Create(Gemma3Config, seed);

    public static Transformer Bert(ulong seed = 1) => Create(BertConfig, seed);

    public static Transformer Create(string config, ulong seed = 1) =>
        ModelFamilies.Create(ModelConfig.Parse("config.json", config), new LoadOptions { Seed = seed });

    /// <summary>Three texts of up to eight tokens, right padded.</summary>
    public static TokenBatch Batch() => new(
        [5, 9, 33, 8, 61, 42, 9, 27, 12, 40, 7, 55, 19, 0, 0, 0, 21, 22, 23, 24, 25, 26, 0, 0],
        3,
        8,
        [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1, 0, 0]);
}
