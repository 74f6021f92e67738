using Sweeps.Core.Planning;
using Sweeps.Core.Spec;

namespace Sweeps.Search.Planning;

/// <summary>Puts what the spec says by label into the order of the labels.</summary>
internal static class LabelChecks
{
    /// <summary>The spec's settings with labels, class weights and label texts resolved.</summary>
    public static TrialSettings Resolve(SweepSpec spec, DataFacts data, PlanReport report)
    {
        var settings = spec.Defaults with { Data = spec.Defaults.Data with { Labels = data.Labels } };
        if (spec.ClassWeights is { } weights)
        {
            ReportUnknown("training.class_weights", weights.Keys, data.Labels, report);
            var missing = data.Labels.Where(label => !weights.ContainsKey(label)).ToList();
            if (missing.Count > 0)
            {
                report.Error(
                    "training.class_weights",
                    $"class_weights has no weight for {List(missing)}",
                    allowed: "a weight for every label");
            }

            settings = settings with { CustomClassWeights = [.. data.Labels.Select(label => weights.GetValueOrDefault(label, 1))] };
        }

        if (spec.TextsOf(data.Labels) is { } all)
        {
            ReportUnknown("label_texts", spec.LabelTexts!.Keys, data.Labels, report);
            foreach (var same in all.SelectMany(label => label.Texts).GroupBy(text => text, StringComparer.Ordinal).Where(group => group.Count() > 1))
            {
                report.Error(
                    "label_texts",
                    $"{same.Count()} labels have the text '{Short(same.Key)}'",
                    allowed: "a different text for each label");
            }

            settings = settings with { LabelTexts = all };
        }

        return settings with { Variants = Variants(spec, data, report) };
    }

    private static List<VariantSettings>? Variants(SweepSpec spec, DataFacts data, PlanReport report)
    {
        foreach (var variant in spec.Variants.Where(variant => variant.MultiplyLogit is not null))
        {
            ReportUnknown($"variants.{variant.Name}.multiply_logit", variant.MultiplyLogit!.Keys, data.Labels, report);
        }

        // None rather than an empty list: trials of specs without variants keep their settings.
        return spec.Variants.Count == 0
            ? null
            : [.. spec.Variants.Select(variant => variant.Rest with
            {
                MultiplyLogit = variant.MultiplyLogit is { } factors ? [.. data.Labels.Select(label => factors.GetValueOrDefault(label, 1))] : null,
            })];
    }

    /// <summary>Names in quotes, the first ten of them.</summary>
    public static string List(IReadOnlyCollection<string> names)
    {
        var shown = string.Join(", ", names.Take(10).Select(name => $"'{Short(name)}'"));
        return names.Count > 10 ? $"{shown} and {names.Count - 10} more" : shown;
    }

    /// <summary>A name fit for a message.</summary>
    public static string Short(string name) => name.Length > 60 ? name[..60] + "…" : name;

    private static void ReportUnknown(string path, IEnumerable<string> given, IReadOnlyList<string> labels, PlanReport report)
    {
        foreach (var label in given.Where(label => !labels.Contains(label)))
        {
            var at = $"{path}.{label}";
            report.Error(
                report.Spec.Marks.ContainsKey(at) ? at : path,
                $"'{Short(label)}' is no label of these data",
                label,
                List(labels),
                NearestName.Of(label, labels));
        }
    }
}
