using System.Collections.Frozen;

namespace Sweeps.Core.Spec;

/// <summary>The fine-tuning methods of <see cref="TrialSettings.Method"/>, and which of them a setting means something to.</summary>
public static class MethodTraits
{
    private static readonly string[] LowRank = ["lora", "rslora", "dora", "qlora"];

    private static readonly FrozenDictionary<string, string[]> BySetting = new Dictionary<string, string[]>
    {
        ["rank"] = LowRank,
        ["alpha"] = LowRank,
        ["dropout"] = LowRank,
        ["target_modules"] = [.. LowRank, "ia3"],
        ["modules_to_save"] = [.. LowRank, "ia3"],
        ["double_quant"] = ["qlora"],
        ["quant_compute"] = ["qlora"],
        ["virtual_tokens"] = ["prefix", "prompt"],
        ["frozen_layers"] = ["full", .. LowRank, "ia3"],
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Every method.</summary>
    public static IReadOnlyList<string> All { get; } =
        ["full", .. LowRank, "prefix", "prompt", "ia3", "head-only", "zero-shot"];

    /// <summary>Settings that only some methods look at.</summary>
    public static IReadOnlyList<string> Settings => BySetting.Keys;

    /// <summary>Settings of the adapters on linear layers: without a meaning when all blocks are frozen.</summary>
    public static IReadOnlyList<string> AdapterSettings { get; } =
        ["rank", "alpha", "dropout", "target_modules", "modules_to_save"];

    /// <summary>The methods that look at a setting; null: it is not only some methods'.</summary>
    public static IReadOnlyList<string>? MethodsOf(string setting) => BySetting.GetValueOrDefault(setting);

    /// <summary>Whether a method trains low-rank matrices.</summary>
    public static bool IsLowRank(string method) => LowRank.Contains(method);

    /// <summary>Whether a method changes linear layers by small weights of its own.</summary>
    public static bool HasAdapters(string method) => IsLowRank(method) || method == "ia3";

    /// <summary>Whether a method is made for decoders only.</summary>
    public static bool NeedsDecoder(string method) => method is "prefix" or "prompt" or "ia3";
}
