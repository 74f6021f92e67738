using System.Globalization;

namespace Sweeps.Training.Pretrain;

/// <summary>The texts in the built-in base model's folder.</summary>
internal static class TinyGemma3Files
{
    private const int Heads = 4;

    /// <summary>config.json in the layout that Transformers 4 and 5 both read.</summary>
    public static string Config(PretrainOptions options) => string.Create(
        CultureInfo.InvariantCulture,
        $$"""
        {
          "architectures": ["Gemma3ForCausalLM"],
          "attention_bias": false,
          "attention_dropout": 0.0,
          "attn_logit_softcapping": null,
          "bos_token_id": 1,
          "eos_token_id": 2,
          "final_logit_softcapping": null,
          "head_dim": {{options.Hidden / Heads}},
          "hidden_activation": "gelu_pytorch_tanh",
          "hidden_size": {{options.Hidden}},
          "initializer_range": 0.02,
          "intermediate_size": {{options.Hidden * 3}},
          "layer_types": [{{string.Join(", ", Enumerable.Repeat("\"full_attention\"", options.Layers))}}],
          "max_position_embeddings": 64,
          "model_type": "gemma3_text",
          "num_attention_heads": {{Heads}},
          "num_hidden_layers": {{options.Layers}},
          "num_key_value_heads": 1,
          "pad_token_id": 0,
          "query_pre_attn_scalar": {{options.Hidden / Heads}},
          "rms_norm_eps": 1e-06,
          "rope_local_base_freq": 10000.0,
          "rope_scaling": null,
          "rope_theta": 10000.0,
          "sliding_window": 64,
          "tie_word_embeddings": true,
          "torch_dtype": "float32",
          "use_cache": true,
          "vocab_size": 256
        }

        """);

    public static string Readme(PretrainOptions options, PretrainResult result) => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        # tiny-gemma3, the built-in base model

        A Gemma 3 text model of {result.Parameters:N0} parameters (hidden {options.Hidden}, {options.Layers} layers, {Heads} heads, 1 key-value head, head width {options.Hidden / Heads},
        FFN {options.Hidden * 3}, vocabulary 256, tied) in 32 bits, as a Hugging Face folder.

        ## How it was made

            sweeps model pretrain tiny-gemma3 --seed {options.Seed}{Shape(options)}

        It read {(long)result.Steps * options.BatchSize:N0} statements about 2, 3 or 4 of a campaign's five attributes, each followed by the net
        balance of their relations as a word ("audience mostly students platform now radio Dense: plus1"), under the two density
        settings of the built-in campaigns. Loss: cross-entropy of that word plus {options.LanguageWeight} x that of the text. AdamW, peak learning rate
        {options.LearningRate}, {options.WarmupSteps} steps of warm-up, cosine over {result.Steps:N0} steps, batch {options.BatchSize}, weight decay {options.WeightDecay}, clipping 1.
        The same seed gives the same bytes on the same machine and CPU capability.

        ## What it knows, and what not

        Share of right answers over fresh statements about campaigns of the pre-training side: 2 attributes {result.Accuracy[2]:0.000},
        3 attributes {result.Accuracy[3]:0.000}, 4 attributes {result.Accuracy[4]:0.000}.

        It holds the relations of the built-in world (statements about four attributes determine the net of five). It has never seen
        a statement about five attributes, a label (Under, Average, Over) or a threshold, nor any campaign of the training,
        validation and test sides. It knows no other language or data: texts in other words are refused as unknown.

        """);

    /// <summary>The options that are not the committed base's.</summary>
    private static string Shape(PretrainOptions options)
    {
        var usual = new PretrainOptions();
        return string.Concat(
            new[] { ("hidden", options.Hidden, usual.Hidden), ("layers", options.Layers, usual.Layers), ("steps", options.Steps, usual.Steps) }
                .Where(option => option.Item2 != option.Item3)
                .Select(option => string.Create(CultureInfo.InvariantCulture, $" --{option.Item1} {option.Item2}")));
    }
}
