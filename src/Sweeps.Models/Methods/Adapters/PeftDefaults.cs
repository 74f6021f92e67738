namespace Sweeps.Models.Methods.Adapters;

/// <summary>Which layers PEFT adapts when a configuration names none, by model type. Source: peft utils/constants.py.</summary>
internal static class PeftDefaults
{
    /// <summary>Targets of LoRA and DoRA; null: PEFT has no default for the type.</summary>
    public static IReadOnlyList<string>? Lora(string modelType) => modelType switch
    {
        "gemma3_text" or "qwen3" or "llama" or "mistral" => ["q_proj", "v_proj"],
        "bert" or "roberta" => ["query", "value"],
        "deberta-v2" => ["query_proj", "value_proj"],
        "t5" => ["q", "v"],
        _ => null,
    };

    /// <summary>Targets of IA3, and which of them scale their input; null: PEFT has no default for the type.</summary>
    public static (IReadOnlyList<string> Targets, IReadOnlyList<string> FeedForward)? Ia3(string modelType) => modelType switch
    {
        "gemma3_text" or "qwen3" => (["q_proj", "v_proj", "down_proj"], ["down_proj"]),
        "llama" or "mistral" => (["k_proj", "v_proj", "down_proj"], ["down_proj"]),
        _ => null,
    };
}
