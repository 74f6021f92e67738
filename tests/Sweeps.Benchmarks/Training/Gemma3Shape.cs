using System.Globalization;

namespace Sweeps.Benchmarks.Training;

/// <summary>Sizes of a Gemma 3 with random weights: speed does not depend on what the weights know.</summary>
/// <param name="Name">What tables call it: its parameters.</param>
/// <param name="Hidden">Hidden size.</param>
/// <param name="Layers">Blocks.</param>
/// <param name="Heads">Query heads.</param>
/// <param name="KeyHeads">Key and value heads.</param>
/// <param name="HeadWidth">Width of a head.</param>
/// <param name="FeedForward">Width of the gated feed-forward.</param>
/// <param name="Vocabulary">Tokens; the embedding is tied.</param>
internal sealed record Gemma3Shape(
    string Name, int Hidden, int Layers, int Heads, int KeyHeads, int HeadWidth, int FeedForward, int Vocabulary)
{
    /// <summary>1.25 M parameters, 0.98 M of them in linear layers.</summary>
    public static Gemma3Shape Tiny { get; } = new("1.25 M", 128, 4, 4, 2, 32, 512, 2048);

    /// <summary>9.7 M parameters, 7.6 M of them in linear layers.</summary>
    public static Gemma3Shape Small { get; } = new("9.7 M", 256, 8, 4, 1, 64, 1024, 8192);

    /// <summary>99.9 M parameters: 1.2 GB a checkpoint with the optimiser's state.</summary>
    public static Gemma3Shape Large { get; } = new("100 M", 768, 9, 12, 4, 64, 3072, 28672);

    /// <summary>Gemma 3 270M as published, with a vocabulary of 32,768: 121 M parameters, 100 M of them in linear layers.</summary>
    public static Gemma3Shape Published270M { get; } = new("121 M", 640, 18, 4, 1, 256, 2048, 32768);

    /// <summary>config.json.</summary>
    public string Config => string.Create(
        CultureInfo.InvariantCulture,
        $$"""
        {
          "architectures": ["Gemma3ForCausalLM"],
          "model_type": "gemma3_text",
          "vocab_size": {{Vocabulary}},
          "hidden_size": {{Hidden}},
          "intermediate_size": {{FeedForward}},
          "num_hidden_layers": {{Layers}},
          "num_attention_heads": {{Heads}},
          "num_key_value_heads": {{KeyHeads}},
          "head_dim": {{HeadWidth}},
          "query_pre_attn_scalar": {{HeadWidth}},
          "max_position_embeddings": 256,
          "sliding_window": 64,
          "pad_token_id": 0
        }

        """);
}
