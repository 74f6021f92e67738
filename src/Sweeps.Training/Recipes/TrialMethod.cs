using Sweeps.Core.Spec;
using Sweeps.Core.Spec.Settings;
using Sweeps.Models;
using Sweeps.Models.Methods;
using Sweeps.Models.Methods.Adapters;
using Sweeps.Models.Methods.Full;
using Sweeps.Models.Methods.HeadOnly;
using Sweeps.Models.Methods.Ia3;
using Sweeps.Models.Methods.Lora;
using Sweeps.Models.Methods.Prompts;
using Sweeps.Models.Methods.ZeroShot;

namespace Sweeps.Training.Recipes;

/// <summary>The fine-tuning method that settings ask for, put on a model.</summary>
internal static class TrialMethod
{
    /// <summary>Makes the method.</summary>
    /// <param name="settings">The trial's settings.</param>
    /// <param name="body">The model; already in 4 bits under qlora.</param>
    /// <param name="head">Weights of the head's own.</param>
    /// <param name="seed">Seeds new weights.</param>
    /// <exception cref="ArgumentException">The settings do not fit the model.</exception>
    public static TrainingMethod Make(TrialSettings settings, Transformer body, IReadOnlyList<NamedParameter> head, ulong seed) =>
        settings.Method switch
        {
            "zero-shot" => new ZeroShot(body),
            "head-only" => new HeadOnlyFineTuning(body, head),
            "full" => new FullFineTuning(body, head, settings.FrozenLayers),
            "lora" or "rslora" or "dora" or "qlora" => new LoraFineTuning(body, head, LowRank(settings, seed)),
            "ia3" => new Ia3FineTuning(body, head, new Ia3Options
            {
                Targets = settings.TargetModules is null ? TargetModules.Default : TargetsOf(settings),
                ModulesToSave = settings.ModulesToSave ?? [],
                FrozenLayers = settings.FrozenLayers,
            }),
            "prefix" => new PrefixTuning(body, head, Virtual(settings, seed)),
            "prompt" => new PromptTuning(body, head, Virtual(settings, seed)),
            _ => throw new ArgumentException(
                $"method '{settings.Method}' is not known: {string.Join(", ", MethodTraits.All)}"),
        };

    private static LoraOptions LowRank(TrialSettings settings, ulong seed)
    {
        var rank = settings.Rank ?? 8;
        return new LoraOptions
        {
            Rank = rank,
            Alpha = settings.Alpha ?? 2 * rank,
            Dropout = settings.LoraDropout,
            RankStabilised = settings.Method == "rslora",
            WeightDecomposed = settings.Method == "dora",
            Targets = TargetsOf(settings),
            ModulesToSave = settings.ModulesToSave ?? [],
            FrozenLayers = settings.FrozenLayers,
            Seed = seed,
        };
    }

    private static PromptOptions Virtual(TrialSettings settings, ulong seed) =>
        new() { VirtualTokens = settings.VirtualTokens, Seed = seed };

    private static TargetModules TargetsOf(TrialSettings settings) => settings.TargetModules switch
    {
        null => TargetModules.AllLinear,
        [ModulesType.Default] => TargetModules.Default,
        [var only] when only.StartsWith(ModulesType.Pattern, StringComparison.Ordinal) =>
            TargetModules.Matching(only[ModulesType.Pattern.Length..]),
        var names => TargetModules.Named(names),
    };
}
