using System.Text.Json.Nodes;
using Sweeps.Models.Loading;
using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models.Quantization;

/// <summary>The object <c>quantization_config</c> of a config.json. Source: transformers' BitsAndBytesConfig.</summary>
internal static class BitsAndBytesConfig
{
    /// <summary>The field's name.</summary>
    public const string Field = "quantization_config";

    /// <summary>The compute type of a folder whose matrices are packed; null when it says nothing of packing.</summary>
    /// <exception cref="ModelLoadException">Another kind of quantisation than NF4.</exception>
    public static ScalarType? ComputeType(ModelConfig config)
    {
        if (config.Inner(Field) is not { } inner)
        {
            return null;
        }

        if (inner.Text("quant_method", "bitsandbytes") != "bitsandbytes" || !inner.Flag("load_in_4bit", inner.Flag("_load_in_4bit", false))
            || inner.Text("bnb_4bit_quant_type", "fp4") != "nf4")
        {
            throw config.Fault(
                Field, "that of bitsandbytes with load_in_4bit and bnb_4bit_quant_type nf4; use the unquantised base with method qlora");
        }

        var name = inner.Text("bnb_4bit_compute_dtype", "float32");
        return BitsAndBytesFormat.TypeOf(name)
            ?? throw inner.Fault("bnb_4bit_compute_dtype", "float32, bfloat16 or float16");
    }

    /// <summary>The object that transformers writes for a model packed with these options.</summary>
    public static JsonObject Write(Nf4Options options) => new()
    {
        ["_load_in_4bit"] = true,
        ["_load_in_8bit"] = false,
        ["bnb_4bit_compute_dtype"] = NameOf(options.ComputeType),
        ["bnb_4bit_quant_storage"] = "uint8",
        ["bnb_4bit_quant_type"] = "nf4",
        ["bnb_4bit_use_double_quant"] = options.DoubleQuantised,
        ["llm_int8_enable_fp32_cpu_offload"] = false,
        ["llm_int8_has_fp16_weight"] = false,
        ["llm_int8_skip_modules"] = null,
        ["llm_int8_threshold"] = 6.0,
        ["load_in_4bit"] = true,
        ["load_in_8bit"] = false,
        ["quant_method"] = "bitsandbytes",
    };

    private static string NameOf(ScalarType type) => type switch
    {
        ScalarType.BFloat16 => "bfloat16",
        ScalarType.Float16 => "float16",
        _ => "float32",
    };
}
