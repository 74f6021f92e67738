using Sweeps.Core.Spec.Settings;

namespace Sweeps.Core.Spec.Reading;

/// <summary>Which keys each section has. The settings come from <see cref="SettingTable"/>.</summary>
internal static class SpecLayout
{
    public const string Data = "data";
    public const string Checkpoint = "checkpoint";
    public const string Variant = "variants.NAME";
    public const string External = "arms.NAME.external";

    public static IReadOnlyDictionary<string, IReadOnlyList<string>> Sections { get; } = new Dictionary<string, IReadOnlyList<string>>
    {
        [""] =
        [
            "name", "base", "data",
            .. SettingsOf(""),
            "label_texts", "training", "lora",
            "grid", "seeds", "arms", "variants", "objective", "concurrency", "retries", "checkpoint", "max_time", "disk_limit",
        ],
        [Data] = ["train", "validation", "test", "label", "labels", "label_separator", "format", "delimiter", "max_rows"],
        [SettingTable.Training] = [.. SettingsOf(SettingTable.Training)],
        [SettingTable.Lora] = [.. SettingsOf(SettingTable.Lora)],
        [Checkpoint] = ["steps", "seconds", "keep"],
        [Variant] = ["multiply_logit", "add_log_prior", "temperature", "constrained"],
        [External] = ["macro_f1", "accuracy", "loss"],
    };

    /// <summary>The full path of every key by its last name; the first section wins.</summary>
    public static IReadOnlyDictionary<string, string> AllPaths { get; } = Sections
        .SelectMany(section => section.Value.Select(key => (Key: key, Path: section.Key.Length == 0 ? key : $"{section.Key}.{key}")))
        .DistinctBy(entry => entry.Key)
        .ToDictionary(entry => entry.Key, entry => entry.Path, StringComparer.Ordinal);

    /// <summary>The section that has this key; null when none has.</summary>
    public static string? SectionOf(string key) =>
        AllPaths.TryGetValue(key, out var path) ? path[..Math.Max(0, path.LastIndexOf('.'))] : null;

    private static IEnumerable<string> SettingsOf(string section) =>
        SettingTable.All.Where(setting => setting.Section == section).Select(setting => setting.Name);
}
