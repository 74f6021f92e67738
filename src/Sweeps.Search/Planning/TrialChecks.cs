using System.Globalization;
using Sweeps.Core.Planning;
using Sweeps.Core.Spec;
using Sweeps.Core.Spec.Settings;
using Sweeps.Search.Space;

namespace Sweeps.Search.Planning;

/// <summary>What one trial's settings must keep to on this base model and these data.</summary>
internal static class TrialChecks
{
    /// <summary>Settings that only some heads look at; label texts are also those of the solved examples in a prompt.</summary>
    private static readonly (string Path, string[] Heads)[] HeadsOnly =
    [
        ("training.loss", ["label-tokens"]),
        ("label_texts", ["label-tokens", "trimmed", "generate"]),
        ("trim", ["trimmed"]),
        ("pooling", ["linear"]),
        ("constrained", ["generate"]),
    ];

    public static void Check(TrialSettings settings, int rows, DataFacts data, ModelFacts? model, PlanReport report)
    {
        if (model is not null)
        {
            CheckModel(settings, model, report);
        }

        HeadChecks.Check(settings, model, report);
        var steps = StepCount.Of(rows, settings);
        CheckLoop(settings, rows, steps, report);
        if (steps > int.MaxValue)
        {
            report.ErrorAt(
                "epochs",
                (long)settings.Epochs,
                $"{settings.Epochs} epochs of {rows} rows are {steps} steps, more than can be counted",
                "fewer epochs, or a larger batch_size");
        }
        else if (StepCount.OfWarmup(steps, settings) is var warmup && warmup > 0 && warmup >= steps && steps > 0)
        {
            report.Warn(
                string.Create(CultureInfo.InvariantCulture, $"a warm-up of {warmup} steps is as long as a trial of {steps} steps (epochs {settings.Epochs}, batch_size {settings.BatchSize}): its learning rate never comes down"));
        }

        if (rows > 0 && settings.BatchSize > rows)
        {
            report.Warn($"batch_size {settings.BatchSize} is above the {rows} training rows: every epoch is one batch");
        }

        if ((model?.MeanTokensOf(settings) ?? data.MeanTokens) is { } tokens && tokens > settings.MaxLength)
        {
            report.Warn(
                string.Create(CultureInfo.InvariantCulture, $"texts have {tokens:0} tokens on average, and max_length {settings.MaxLength} cuts them"));
        }
    }

    /// <summary>Says which fixed settings do nothing in any trial.</summary>
    public static void WarnOfUnused(SweepSpec spec, IReadOnlyList<TrialSettings> trials, PlanReport report)
    {
        if (trials.Count == 0)
        {
            return;
        }

        MethodChecks.WarnOfUnused(spec, trials, report);

        foreach (var (path, heads) in HeadsOnly)
        {
            if (spec.Marks.ContainsKey(path)
                && !trials.Any(trial => heads.Contains(trial.Head) || (path == "label_texts" && trial.FewShot > 0)))
            {
                report.Warn($"{path} does nothing: no trial uses the head {string.Join(" or ", heads)}");
            }
        }
    }

    /// <summary>What the base model's tokenizer said of the trial's prompts.</summary>
    private static void CheckText(TrialSettings settings, ModelFacts model, PlanReport report)
    {
        if (model.TextOf(settings) is not { Setting: { } setting, Problem: { } problem } text)
        {
            return;
        }

        // A default length has no place in the spec: what does not fit is the template.
        var path = setting == "max_length" && !report.IsGiven(setting) ? "template" : setting;
        var fix = text.Fix is { Length: > 0 } given ? char.ToLowerInvariant(given[0]) + given[1..] : null;
        report.ErrorAt(path, SettingTable.ByName[path].Get(settings)!, problem, fix);
    }

    private static void CheckLoop(TrialSettings settings, int rows, long steps, PlanReport report)
    {
        if (settings.EvaluateSteps > steps && rows > 0)
        {
            report.Warn($"evaluate_steps {settings.EvaluateSteps} is above the {steps} steps of a trial: only its end is evaluated");
        }

        var evaluations = StepCount.OfEvaluations(rows, settings);
        if (settings.Patience >= evaluations && rows > 0 && steps > 0)
        {
            report.Warn($"patience {settings.Patience} never stops a trial that is evaluated {evaluations} {(evaluations == 1 ? "time" : "times")}");
        }

        if (settings.Schedule == "warmup-stable-decay" && settings.DecaySteps >= 1 && rows > 0
            && StepCount.OfWarmup(steps, settings) + settings.DecaySteps > steps)
        {
            report.ErrorAt(
                "decay_steps",
                settings.DecaySteps,
                string.Create(CultureInfo.InvariantCulture, $"warm-up ({StepCount.OfWarmup(steps, settings)}) and decay ({settings.DecaySteps:0}) are longer than a trial of {steps} steps"),
                "fewer steps, or a share below 1");
        }
    }

    private static void CheckModel(TrialSettings settings, ModelFacts model, PlanReport report)
    {
        if (settings.FrozenLayers > model.Layers)
        {
            report.ErrorAt(
                "frozen_layers",
                (long)settings.FrozenLayers,
                $"frozen_layers {settings.FrozenLayers} is more than the {model.Layers} layers of the base model",
                $"0 to {model.Layers}");
        }

        if (HeadChecks.TextHeads.Contains(settings.Head) && !HeadChecks.CanRead(settings.Head, model))
        {
            report.ErrorAt(
                "head",
                settings.Head,
                model.Writes
                    ? $"the head {settings.Head} reads the next token of a decoder, and {model.Family} is an encoder with a decoder"
                    : $"the head {settings.Head} needs a model that generates, and {model.Family} is an encoder",
                model.Writes ? "linear or generate" : "linear",
                "linear");
        }

        if (MethodTraits.HasAdapters(settings.Method) && settings.Head is ("label-tokens" or "generate") && settings.FrozenLayers >= model.Layers)
        {
            report.ErrorAt(
                "frozen_layers",
                (long)settings.FrozenLayers,
                $"with all {model.Layers} layers frozen, {settings.Method} under the head {settings.Head} has nothing to train",
                $"0 to {model.Layers - 1}, or the head linear");
        }

        MethodChecks.Check(settings, model, report);
        CheckText(settings, model, report);
        if (settings.MaxLength > model.MaxPositions)
        {
            report.ErrorAt(
                "max_length",
                (long)settings.MaxLength,
                $"max_length {settings.MaxLength} is above the {model.MaxPositions} positions of the base model",
                $"4 to {model.MaxPositions}");
        }
    }
}
