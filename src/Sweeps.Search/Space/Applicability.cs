using System.Collections.Frozen;
using Sweeps.Core.Spec;
using Sweeps.Core.Spec.Settings;

namespace Sweeps.Search.Space;

/// <summary>
/// Which settings have a meaning under which others. What has none is put into one normal form, so that points that
/// differ only in it are the same trial.
/// </summary>
public static class Applicability
{
    /// <summary>Rank of a LoRA trial whose spec names none.</summary>
    public const int DefaultRank = 8;

    private static readonly string[] Decay = ["decay_steps", "decay_shape", "min_learning_rate"];

    /// <summary>What only training looks at: all of the section but how evaluations are batched.</summary>
    private static readonly FrozenSet<string> Training = SettingTable.All
        .Where(setting => setting.Section == SettingTable.Training && setting.Name is not ("evaluation_batch_size" or "precision"))
        .Select(setting => setting.Name).Append("frozen_layers").ToFrozenSet(StringComparer.Ordinal);

    /// <summary>The values that settings without a meaning get.</summary>
    private static readonly TrialSettings Neutral = new() { Base = "", Template = "", Data = new DataSettings { Labels = [] } };

    /// <summary>Why the setting does nothing in these settings, as the end of "rank does not apply ..."; null: it applies.</summary>
    /// <param name="setting">Its name.</param>
    /// <param name="settings">The trial's settings.</param>
    /// <param name="layers">Blocks of the base model; null: unknown.</param>
    public static string? Reason(string setting, TrialSettings settings, int? layers)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return setting switch
        {
            _ when settings.Method == "zero-shot" && Training.Contains(setting) => "under zero-shot",
            "seed" when settings is { Method: "zero-shot", FewShot: 0 } => "under zero-shot",
            _ when MethodTraits.MethodsOf(setting) is { } methods && !methods.Contains(settings.Method) => $"under {settings.Method}",
            _ when MethodTraits.AdapterSettings.Contains(setting) && settings.FrozenLayers >= layers => "when every layer is frozen",
            "loss" when settings.Head != "label-tokens" => $"under the {settings.Head} head",
            "trim" when settings.Head != "trimmed" => $"under the {settings.Head} head",
            "pooling" when settings.Head != "linear" => $"under the {settings.Head} head",
            "constrained" when settings.Head != "generate" => $"under the {settings.Head} head",
            "accumulation_mean" when settings.Accumulation == 1 => "without accumulation",
            "min_delta" when settings.Patience == 0 => "without patience",
            _ when Decay.Contains(setting) && settings.Schedule != "warmup-stable-decay" => $"under the schedule {settings.Schedule}",
            _ => null,
        };
    }

    /// <summary>The settings that <see cref="Reason"/> looks at for this one: they are resolved before a condition on it.</summary>
    public static IReadOnlyList<string> DependsOn(string setting)
    {
        List<string> names = setting switch
        {
            _ when MethodTraits.AdapterSettings.Contains(setting) => ["frozen_layers"],
            "loss" or "trim" or "pooling" or "constrained" => ["head"],
            "seed" => ["few_shot"],
            "accumulation_mean" => ["accumulation"],
            "min_delta" => ["patience"],
            _ when Decay.Contains(setting) => ["schedule"],
            _ => [],
        };
        return MethodTraits.MethodsOf(setting) is not null || Training.Contains(setting) || setting == "seed" ? [.. names, "method"] : names;
    }

    /// <summary>The settings with defaults resolved and everything without a meaning in its normal form.</summary>
    public static TrialSettings Normalize(TrialSettings settings, int? layers)
    {
        ArgumentNullException.ThrowIfNull(settings);
        if (MethodTraits.IsLowRank(settings.Method) && settings.FrozenLayers < (layers ?? int.MaxValue))
        {
            var rank = settings.Rank ?? DefaultRank;
            settings = settings with { Rank = rank, Alpha = settings.Alpha ?? 2 * rank };
        }

        var given = settings;
        foreach (var setting in SettingTable.All.Where(setting => !MethodTraits.AdapterSettings.Contains(setting.Name) && Reason(setting.Name, given, layers) is not null))
        {
            settings = setting.With(settings, setting.Get(Neutral)!);
        }

        if (!MethodTraits.IsLowRank(settings.Method))
        {
            settings = settings with { Rank = null, Alpha = null, LoraDropout = 0 };
        }

        if (!MethodTraits.HasAdapters(settings.Method) || settings.FrozenLayers >= layers)
        {
            settings = settings with { TargetModules = null, ModulesToSave = null };
        }

        if (MethodTraits.IsLowRank(settings.Method) && settings.FrozenLayers >= layers)
        {
            // No adapter is made; a rank stays, so that whoever builds the model need not know this rule.
            settings = settings with { Rank = DefaultRank, Alpha = 2 * DefaultRank, LoraDropout = 0 };
        }

        return settings.Head == "linear" && settings.FewShot == 0 ? settings with { LabelTexts = null } : settings;
    }
}
