namespace Sweeps.Core.Spec;

/// <summary>The families that a base model may be of, by <c>model_type</c> of its config.json, and what applies to them.</summary>
public static class FamilyTraits
{
    private static readonly string[] Decoders = ["gemma3_text", "qwen3", "llama", "mistral"];

    private static readonly string[] Pairs = ["t5"];

    private static readonly string[] Encoders = ["bert", "roberta", "modernbert", "deberta-v2"];

    /// <summary>Every model type that can be a base.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Decoders, .. Encoders, .. Pairs];

    /// <summary>Whether it is an encoder alone: its linear head may read what <c>pooling</c> says.</summary>
    public static bool IsEncoder(string modelType) => Encoders.Contains(modelType);

    /// <summary>The heads that a family takes, the usual one first.</summary>
    public static IReadOnlyList<string> Heads(string modelType) =>
        Decoders.Contains(modelType) ? ["linear", "label-tokens", "trimmed", "generate"]
        : Pairs.Contains(modelType) ? ["linear", "generate"]
        : ["linear"];

    /// <summary>The methods that a family takes and that train something.</summary>
    public static IReadOnlyList<string> Methods(string modelType) =>
        [.. MethodTraits.All.Where(method => method != "zero-shot" && (Decoders.Contains(modelType) || !MethodTraits.NeedsDecoder(method)))];
}
