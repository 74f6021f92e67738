using Sweeps.Core.Spec;

namespace Sweeps.Search.Space;

/// <summary>
/// Which settings have a meaning under which others. What has none is put into one normal form, so that points that
/// differ only in it are the same trial.
/// </summary>
public static class Applicability
{
    /// <summary>Rank of a LoRA trial whose spec names none.</summary>
    public const int DefaultRank = 8;

    /// <summary>Why the setting does nothing in these settings, as the end of "rank does not apply ..."; null: it applies.</summary>
    /// <param name="setting">Its name.</param>
    /// <param name="settings">The trial's settings.</param>
    /// <param name="layers">Blocks of the base model; null: unknown.</param>
    public static string? Reason(string setting, TrialSettings settings, int? layers)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return setting switch
        {
            "rank" or "alpha" or "dropout" or "target_modules" when settings.Method != "lora" => $"under {settings.Method}",
            "rank" or "alpha" or "dropout" or "target_modules" when settings.FrozenLayers >= layers => "when every layer is frozen",
            "loss" when settings.Head != "label-tokens" => $"under the {settings.Head} head",
            _ => null,
        };
    }

    /// <summary>The settings that <see cref="Reason"/> looks at for this one: they are resolved before a condition on it.</summary>
    public static IReadOnlyList<string> DependsOn(string setting) => setting switch
    {
        "rank" or "alpha" or "dropout" or "target_modules" => ["method", "frozen_layers"],
        "loss" => ["head"],
        _ => [],
    };

    /// <summary>The settings with defaults resolved and everything without a meaning in its normal form.</summary>
    public static TrialSettings Normalize(TrialSettings settings, int? layers)
    {
        ArgumentNullException.ThrowIfNull(settings);
        if (settings.Method != "lora")
        {
            settings = settings with { Rank = null, Alpha = null, LoraDropout = 0, TargetModules = null };
        }
        else if (settings.FrozenLayers >= layers)
        {
            // No adapter is made; a rank stays, so that whoever builds the model need not know this rule.
            settings = settings with { Rank = DefaultRank, Alpha = 2 * DefaultRank, LoraDropout = 0, TargetModules = null };
        }
        else
        {
            var rank = settings.Rank ?? DefaultRank;
            settings = settings with { Rank = rank, Alpha = settings.Alpha ?? 2 * rank };
        }

        return settings.Head == "label-tokens" ? settings : settings with { Loss = "constrained", LabelTexts = null };
    }
}
