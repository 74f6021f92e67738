using System.Globalization;
using Sweeps.Core.Planning;
using Sweeps.Core.Spec;
using Sweeps.Search.Space;

namespace Sweeps.Search.Planning;

/// <summary>What one trial's settings must keep to on this base model and these data.</summary>
internal static class TrialChecks
{
    private static readonly string[] LabelTokensOnly = ["training.loss", "label_texts"];

    public static void Check(TrialSettings settings, int rows, DataFacts data, ModelFacts? model, PlanReport report)
    {
        if (model is not null)
        {
            CheckModel(settings, model, report);
        }

        var steps = StepCount.Of(rows, settings);
        if (steps > int.MaxValue)
        {
            report.ErrorAt(
                "epochs",
                (long)settings.Epochs,
                $"{settings.Epochs} epochs of {rows} rows are {steps} steps, more than can be counted",
                "fewer epochs, or a larger batch_size");
        }
        else if (StepCount.OfWarmup(steps, settings) is var warmup && warmup > 0 && warmup >= steps && rows > 0)
        {
            report.Warn(
                string.Create(CultureInfo.InvariantCulture, $"a warm-up of {warmup} steps is as long as a trial of {steps} steps (epochs {settings.Epochs}, batch_size {settings.BatchSize}): its learning rate never comes down"));
        }

        if (rows > 0 && settings.BatchSize > rows)
        {
            report.Warn($"batch_size {settings.BatchSize} is above the {rows} training rows: every epoch is one batch");
        }

        if ((model?.MeanTokens ?? data.MeanTokens) is { } tokens && tokens > settings.MaxLength)
        {
            report.Warn(
                string.Create(CultureInfo.InvariantCulture, $"texts have {tokens:0} tokens on average, and max_length {settings.MaxLength} cuts them"));
        }
    }

    /// <summary>Says which fixed settings do nothing in any trial.</summary>
    public static void WarnOfUnused(SweepSpec spec, IReadOnlyList<SpacePoint> points, PlanReport report)
    {
        if (points.Count == 0)
        {
            return;
        }

        if (spec.Marks.Keys.FirstOrDefault(path => path.StartsWith("lora.", StringComparison.Ordinal)) is { } lora
            && points.All(point => point.Settings.Method != "lora"))
        {
            report.Warn($"{lora} does nothing: no trial uses the method lora");
        }

        var labelTokens = points.Any(point => point.Settings.Head == "label-tokens");
        foreach (var path in LabelTokensOnly.Where(path => !labelTokens && spec.Marks.ContainsKey(path)))
        {
            report.Warn($"{path} does nothing: no trial uses the head label-tokens");
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

        if (settings.Head == "label-tokens" && !model.IsDecoder)
        {
            report.ErrorAt(
                "head",
                settings.Head,
                $"the head label-tokens needs a model that generates, and {model.Family} is an encoder",
                "linear",
                "linear");
        }

        if (settings is { Method: "lora", Head: "label-tokens" } && settings.FrozenLayers >= model.Layers)
        {
            report.ErrorAt(
                "frozen_layers",
                (long)settings.FrozenLayers,
                $"with all {model.Layers} layers frozen, lora under the head label-tokens has nothing to train",
                $"0 to {model.Layers - 1}, or the head linear");
        }

        if (settings.Method == "lora" && settings.FrozenLayers < model.Layers && settings.Rank > model.HiddenSize)
        {
            report.ErrorAt(
                "rank",
                (long)settings.Rank.Value,
                $"rank {settings.Rank} is above the width {model.HiddenSize} of the base model",
                $"1 to {model.HiddenSize}");
        }

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
