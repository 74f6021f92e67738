using Sweeps.Models;
using Sweeps.Models.Loading;
using TorchSharp;
using Xunit;

namespace Sweeps.Torch.Tests.Models.Decoders;

/// <summary>
/// The config.json of published models (as on the hub, without fields that do not matter) asks for tensors of the right
/// names and shapes: checked by the published number of parameters and by a few shapes. No memory is taken.
/// </summary>
public sealed class PublishedShapesTests
{
    private const string Gemma3 = """
        "model_type": "gemma3_text", "hidden_activation": "gelu_pytorch_tanh", "head_dim": 256, "query_pre_attn_scalar": 256,
        "rope_theta": 1000000.0, "rope_local_base_freq": 10000.0, "rms_norm_eps": 1e-06, "attention_bias": false,
        "torch_dtype": "bfloat16", "pad_token_id": 0
        """;

    private const string Qwen3 = """
        "model_type": "qwen3", "hidden_act": "silu", "head_dim": 128, "num_key_value_heads": 8, "vocab_size": 151936,
        "rope_theta": 1000000, "rope_scaling": null, "sliding_window": null, "use_sliding_window": false,
        "rms_norm_eps": 1e-06, "tie_word_embeddings": true, "max_position_embeddings": 40960, "torch_dtype": "bfloat16"
        """;

    private const string Llama = """
        "model_type": "llama", "hidden_act": "silu", "num_key_value_heads": 8, "vocab_size": 128256, "rms_norm_eps": 1e-05,
        "rope_theta": 500000.0, "max_position_embeddings": 131072, "torch_dtype": "bfloat16"
        """;

    private const string Llama3Rope = """
        "rope_scaling": {"factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192, "rope_type": "llama3"}, "tie_word_embeddings": true
        """;

    public static TheoryData<string, string, long, string> Published => new()
    {
        {
            "Gemma 3 270M",
            Gemma3 + """, "hidden_size": 640, "intermediate_size": 2048, "num_hidden_layers": 18, "num_attention_heads": 4, "num_key_value_heads": 1, "sliding_window": 512, "vocab_size": 262144, "max_position_embeddings": 32768""",
            268_098_176,
            "model.layers.17.self_attn.q_proj.weight [1024, 640]"
        },
        {
            "Gemma 3 1B",
            Gemma3 + """, "hidden_size": 1152, "intermediate_size": 6912, "num_hidden_layers": 26, "num_attention_heads": 4, "num_key_value_heads": 1, "sliding_window": 512, "sliding_window_pattern": 6, "vocab_size": 262144""",
            999_885_952,
            "model.layers.25.self_attn.k_norm.weight [256]"
        },
        {
            "Gemma 3 4B, text",
            Gemma3 + """, "hidden_size": 2560, "intermediate_size": 10240, "num_hidden_layers": 34, "num_attention_heads": 8, "num_key_value_heads": 4, "sliding_window": 1024, "vocab_size": 262208, "rope_scaling": {"factor": 8.0, "rope_type": "linear"}""",
            3_880_263_168,
            "model.layers.33.post_feedforward_layernorm.weight [2560]"
        },
        {
            "Qwen3 0.6B",
            Qwen3 + """, "hidden_size": 1024, "intermediate_size": 3072, "num_hidden_layers": 28, "num_attention_heads": 16""",
            596_049_920,
            "model.layers.27.self_attn.o_proj.weight [1024, 2048]"
        },
        {
            "Qwen3 4B",
            Qwen3 + """, "hidden_size": 2560, "intermediate_size": 9728, "num_hidden_layers": 36, "num_attention_heads": 32""",
            4_022_468_096,
            "model.layers.35.mlp.down_proj.weight [2560, 9728]"
        },
        {
            "Llama 3.1 8B",
            Llama + ", " + Llama3Rope.Replace("32.0", "8.0", StringComparison.Ordinal).Replace("true", "false", StringComparison.Ordinal)
                + """, "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32""",
            8_030_261_248,
            "lm_head.weight [128256, 4096]"
        },
        {
            "Llama 3.2 1B",
            Llama + ", " + Llama3Rope
                + """, "hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 16, "num_attention_heads": 32, "head_dim": 64""",
            1_235_814_400,
            "model.layers.15.self_attn.k_proj.weight [512, 2048]"
        },
        {
            "Llama 3.2 3B",
            Llama + ", " + Llama3Rope
                + """, "hidden_size": 3072, "intermediate_size": 8192, "num_hidden_layers": 28, "num_attention_heads": 24, "head_dim": 128""",
            3_212_749_824,
            "model.layers.27.self_attn.q_proj.weight [3072, 3072]"
        },
        {
            "Mistral 7B v0.1",
            """
            "model_type": "mistral", "hidden_act": "silu", "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
            "num_attention_heads": 32, "num_key_value_heads": 8, "rms_norm_eps": 1e-05, "rope_theta": 10000.0,
            "sliding_window": 4096, "tie_word_embeddings": false, "vocab_size": 32000, "max_position_embeddings": 32768
            """,
            7_241_732_096,
            "model.layers.31.self_attn.v_proj.weight [1024, 4096]"
        },
    };

    [Theory]
    [MemberData(nameof(Published))]
    public void Has_the_published_number_of_parameters(string name, string fields, long count, string one)
    {
        using var model = ModelFamilies.Create(
            ModelConfig.Parse(name, $"{{{fields}}}"),
            new LoadOptions { Device = torch.META, Type = torch.ScalarType.BFloat16 });

        Assert.Equal(count, model.Parameters.Sum(parameter => parameter.Count));
        Assert.Contains(one, model.Parameters.Select(p => $"{p.Name} [{string.Join(", ", p.Value.shape)}]"));
    }
}
