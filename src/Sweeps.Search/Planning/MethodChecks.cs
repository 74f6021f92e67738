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
            const string Problem = "the base model is held in 4 bits and cannot be trained in full";
            const string Allowed = "the method qlora, or the base before it was quantised";
            if (report.IsGiven("method"))
            {
                report.ErrorAt("method", "full", Problem, Allowed, "qlora");
            }
            else
            {
                // Where the method is left out it is full: what does not fit is the base.
                report.Error("base", Problem, settings.Base, Allowed);
            }
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
            // A default has no place in the spec: the error stands at what the spec does say.
            var path = report.IsGiven("virtual_tokens") ? "virtual_tokens" : report.IsGiven("max_length") ? "max_length" : "method";
            report.ErrorAt(
                path,
                SettingTable.ByName[path].Get(settings)!,
                $"{settings.VirtualTokens} virtual tokens and texts of {settings.MaxLength} are above the {model.MaxPositions} positions of the base model",
                "fewer virtual_tokens, or a smaller max_length");
        }

        if (MethodTraits.HasAdapters(settings.Method) && settings.FrozenLayers < model.Layers)
        {
            CheckTargets(settings, model, report);
            CheckSaved(settings, model, report);
        }
    }

    private static void CheckSaved(TrialSettings settings, ModelFacts model, PlanReport report)
    {
        foreach (var name in settings.ModulesToSave ?? [])
        {
            var own = settings.Head is "linear" or "trimmed" && IsPartOf(model.HeadModule, name);
            var matched = (model.Modules ?? []).Where(module => IsPartOf(module, name)).ToList();
            if (own || model.Modules is not { } modules)
            {
                continue;
            }

            if (matched.Count == 0)
            {
                Report(
                    $"modules_to_save '{name}' names no module of {model.Family}",
                    $"none, or some of {string.Join(", ", modules.Select(module => module.Split('.')[^1]).Distinct().Order(StringComparer.Ordinal))}");
            }
            else if (model.TiedModule is { } tied && matched.Contains(tied))
            {
                Report(
                    $"modules_to_save '{name}': {tied} is also the output head of this model, so that a trained copy for one of the two cannot be saved",
                    "other modules, or the method full");
            }
            else if ((model.IsQuantised || settings.Method == "qlora") && matched.Find(module => model.Linears?.Any(linear => linear.Name == module) == true) is { } packed)
            {
                Report($"modules_to_save '{name}': {packed} is held in 4 bits and cannot be trained", "other modules, or a method that does not quantise");
            }
        }

        void Report(string problem, string allowed) =>
            report.ErrorAt("modules_to_save", string.Join(',', settings.ModulesToSave!), problem, allowed);
    }

    /// <summary>Whether a module has this name or end of a name, or lies below one that has.</summary>
    private static bool IsPartOf(string module, string name)
    {
        for (var end = module.Length; end > 0; end = module.LastIndexOf('.', end - 1))
        {
            var at = module[..end];
            if (at == name || at.EndsWith("." + name, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
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
