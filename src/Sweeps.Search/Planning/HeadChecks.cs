using Sweeps.Core.Planning;
using Sweeps.Core.Spec;

namespace Sweeps.Search.Planning;

/// <summary>What a head asks of base model, method and label texts.</summary>
internal static class HeadChecks
{
    /// <summary>Heads that read or write labels as text; they need a model that generates.</summary>
    public static readonly string[] TextHeads = ["label-tokens", "trimmed", "generate"];

    public static void Check(TrialSettings settings, ModelFacts? model, PlanReport report)
    {
        if (settings.Head != "generate" && settings.Variants?.FirstOrDefault(variant => variant.Constrained is not null) is { } free)
        {
            report.Warn($"variants.{free.Name}.constrained does nothing under the head {settings.Head}: it decides for a label in any case");
        }

        if (settings is { Head: "trimmed", Trim: not "first-rows" } && settings.LabelTexts?.Any(label => label.Texts.Count > 1) == true)
        {
            report.Warn("the head trimmed starts from each label's first text in label_texts; the others are not used");
        }

        if (settings.Head == "generate" && settings.Variants?.FirstOrDefault(variant => variant.MultiplyLogit?.Any(factor => factor != 1) == true) is { } scaled)
        {
            report.Warn(
                $"variants.{scaled.Name}.multiply_logit: under the head generate a label's score is its log-probability, at most 0, so a factor above 1 makes the label less likely");
        }

        if (settings.Method == "zero-shot" && settings.Head is not ("label-tokens" or "generate"))
        {
            report.ErrorAt(
                "method",
                "zero-shot",
                settings.Head == "linear"
                    ? "zero-shot trains nothing, and the head linear begins with chance: it can only guess"
                    : "zero-shot trains nothing, and the head trimmed is made to be trained",
                "the head label-tokens or generate for zero-shot");
        }

        if (model is not null && settings is { Head: "linear", Pooling: not "auto" })
        {
            CheckPooling(settings, model, report);
        }

        if ((settings.Chat ? model?.ChatLabelTokens : model?.LabelTokens) is { } tokens && tokens.Count == settings.Data.Labels.Count && CanRead(settings.Head, model!))
        {
            CheckTokens(settings, model!, tokens, report);
        }
    }

    /// <summary>Whether a head reads or writes labels as text and the base model is made for it.</summary>
    public static bool CanRead(string head, ModelFacts model) =>
        TextHeads.Contains(head) && (model.IsDecoder || (head == "generate" && model.Writes));

    private static void CheckPooling(TrialSettings settings, ModelFacts model, PlanReport report)
    {
        if (model.IsDecoder)
        {
            report.ErrorAt(
                "pooling",
                settings.Pooling,
                $"pooling is for encoders, and {model.Family} is a decoder: its linear head reads the last token",
                "auto",
                "auto");
        }
        else if (model.Writes && settings.Pooling == "pooled")
        {
            report.ErrorAt("pooling", "pooled", $"{model.Family} has no pooler", "auto, cls or mean", "mean");
        }
    }

    private static void CheckTokens(
        TrialSettings settings, ModelFacts model, IReadOnlyList<IReadOnlyList<IReadOnlyList<int>>> tokens, PlanReport report)
    {
        if (settings is { Head: "trimmed", Trim: "first-rows" })
        {
            return;
        }

        if (settings is { Head: "generate", Chat: false } && model.EndToken is null)
        {
            report.ErrorAt(
                "head",
                settings.Head,
                "the head generate ends every label with the end token, and the tokenizer of the base model names none",
                "label-tokens, or a tokenizer_config.json with eos_token");
            return;
        }

        var seen = new Dictionary<string, (int Label, string Text)>(StringComparer.Ordinal);
        for (var label = 0; label < tokens.Count; label++)
        {
            var texts = settings.LabelTexts is { } given ? given[label].Texts : [settings.Data.Labels[label]];
            for (var i = 0; i < Math.Min(texts.Count, settings.Head == "trimmed" ? 1 : int.MaxValue); i++)
            {
                CheckText(settings, label, texts[i], tokens[label][i], seen, report);
            }
        }
    }

    private static void CheckText(
        TrialSettings settings,
        int label,
        string text,
        IReadOnlyList<int> tokens,
        Dictionary<string, (int Label, string Text)> seen,
        PlanReport report)
    {
        var name = settings.Data.Labels[label];
        if (tokens.Count == 0)
        {
            Report($"the base model's vocabulary does not know the text '{LabelChecks.Short(text)}' of the label '{LabelChecks.Short(name)}'", "a text that it knows");
            return;
        }

        // One token stands for a label under the other heads.
        var key = settings.Head == "generate" ? string.Join(' ', tokens) : $"{tokens[0]}";
        if (!seen.TryAdd(key, (label, text)) && (seen[key].Label != label || settings.Head == "generate"))
        {
            var other = seen[key];
            Report(
                settings.Head == "generate"
                    ? $"the texts '{LabelChecks.Short(other.Text)}' and '{LabelChecks.Short(text)}' give the same tokens: no model can tell the labels apart"
                    : $"the texts '{LabelChecks.Short(other.Text)}' and '{LabelChecks.Short(text)}' begin with the same token, and the head {settings.Head} reads only the first",
                settings.Head == "generate" ? "texts with different tokens" : "texts that begin differently, or the head generate");
        }

        void Report(string problem, string allowed)
        {
            var own = $"label_texts.{name}";
            report.Error(
                report.Spec.Marks.ContainsKey(own) ? own : report.Spec.Marks.ContainsKey("label_texts") ? "label_texts" : "head",
                problem,
                text,
                allowed);
        }
    }
}
