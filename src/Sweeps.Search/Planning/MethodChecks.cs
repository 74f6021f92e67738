using System.Text.RegularExpressions;
using Sweeps.Core.Planning;
using Sweeps.Core.Spec;
using Sweeps.Core.Spec.Settings;

namespace Sweeps.Search.Planning;

/// <summary>What a fine-tuning method asks of base model, head and its own settings.</summary>
internal static class MethodChecks
{
    private static readonly TimeSpan LongestMatch = TimeSpan.FromSeconds(1);

    /// <summary>Says which settings of methods do nothing in any trial.</summary>
    public static void WarnOfUnused(SweepSpec spec, IReadOnlyList<TrialSettings> trials, PlanReport report)
    {
        foreach (var setting in SettingTable.All)
        {
            if (setting.Name != "frozen_layers" && MethodTraits.MethodsOf(setting.Name) is { } methods
                && spec.Marks.ContainsKey(setting.Path) && !trials.Any(trial => methods.Contains(trial.Method)))
            {
                report.Warn($"{setting.Path} does nothing: no trial uses the method {string.Join(" or ", methods)}");
            }
        }
    }

    public static void Check(TrialSettings settings, ModelFacts model, PlanReport report)
    {
        if (model.IsQuantised && settings.Method == "full")
        {
            report.ErrorAt(
                "method", "full", "the base model is held in 4 bits and cannot be trained in full", "qlora, or the base before it was quantised", "qlora");
        }

        if (MethodTraits.NeedsDecoder(settings.Method) && !model.IsDecoder)
        {
            report.ErrorAt(
                "method", settings.Method, $"the method {settings.Method} needs a decoder, and {model.Family} is none", "lora, dora, qlora, head-only or full", "lora");
        }

        if (settings is { Method: "head-only", Head: "label-tokens" or "generate" })
        {
            report.ErrorAt(
                "method", "head-only", $"head-only trains nothing but the head, and the head {settings.Head} has no weights of its own", "the head linear or trimmed for head-only");
        }

        if (settings.Method is "prefix" or "prompt" && settings.VirtualTokens + settings.MaxLength > model.MaxPositions)
        {
            report.ErrorAt(
                "virtual_tokens",
                (long)settings.VirtualTokens,
                $"{settings.VirtualTokens} virtual tokens and texts of {settings.MaxLength} are above the {model.MaxPositions} positions of the base model",
                "fewer, or a smaller max_length");
        }

        if (MethodTraits.HasAdapters(settings.Method) && settings.FrozenLayers < model.Layers)
        {
            CheckTargets(settings, model, report);
        }
    }

    private static void CheckTargets(TrialSettings settings, ModelFacts model, PlanReport report)
    {
        if (MethodTraits.IsLowRank(settings.Method) && settings.Rank > model.HiddenSize)
        {
            report.ErrorAt(
                "rank",
                (long)settings.Rank.Value,
                $"rank {settings.Rank} is above the width {model.HiddenSize} of the base model",
                $"1 to {model.HiddenSize}");
            return;
        }

        if (model.Linears is not { Count: > 0 } linears)
        {
            return;
        }

        var chosen = new List<LinearFact>();
        foreach (var target in settings.TargetModules ?? [ModulesType.AllLinear])
        {
            var matched = Matching(target, linears, out var problem);
            if (matched.Count == 0)
            {
                report.ErrorAt(
                    "target_modules",
                    string.Join(',', settings.TargetModules!),
                    problem ?? $"target_modules '{target}' names no linear layer of {model.Family}",
                    $"all-linear, default, or some of {string.Join(", ", linears.Select(linear => linear.Name.Split('.')[^1]).Distinct().Order(StringComparer.Ordinal))}");
                return;
            }

            chosen.AddRange(matched);
        }

        var narrow = chosen.MinBy(linear => Math.Min(linear.Outputs, linear.Inputs))!;
        var most = Math.Min(narrow.Outputs, narrow.Inputs);
        if (MethodTraits.IsLowRank(settings.Method) && settings.Rank > most)
        {
            report.ErrorAt(
                "rank",
                (long)settings.Rank.Value,
                $"rank {settings.Rank} is above the smaller side of {narrow.Name} [{narrow.Outputs}, {narrow.Inputs}]",
                $"1 to {most}, or other target_modules");
        }
    }

    private static List<LinearFact> Matching(string target, IReadOnlyList<LinearFact> linears, out string? problem)
    {
        problem = null;
        if (target is ModulesType.AllLinear or ModulesType.Default)
        {
            return [.. linears];
        }

        if (!target.StartsWith(ModulesType.Pattern, StringComparison.Ordinal))
        {
            return [.. linears.Where(linear => linear.Name == target || linear.Name.EndsWith("." + target, StringComparison.Ordinal))];
        }

        try
        {
            var regex = new Regex($"^(?:{target[ModulesType.Pattern.Length..]})$", RegexOptions.CultureInvariant, LongestMatch);
            return [.. linears.Where(linear => regex.IsMatch(linear.Name))];
        }
        catch (Exception error) when (error is ArgumentException or RegexMatchTimeoutException)
        {
            problem = $"target_modules '{target}' is not a regular expression that can be used: {error.Message}";
            return [];
        }
    }
}
