using Sweeps.Core.Spec.Settings;

namespace Sweeps.Core.Spec.Reading;

/// <summary>What has no meaning where a row has any number of labels (<c>data.label_separator</c>), refused wherever it stands.</summary>
internal static class MultiLabelRules
{
    private const string Several = "with data.label_separator a row has any number of labels";

    private static readonly Rule[] Rules =
    [
        new("head", value => value is not "linear", value => $"the head {value} decides for one label of a text, and {Several}", "linear", "linear"),
        new(
            "method",
            value => value is "zero-shot",
            _ => "zero-shot trains nothing, and the head linear, the only one for several labels a row, begins with chance",
            "a method that trains, such as full or lora"),
        new("few_shot", value => value is not 0L, _ => $"solved examples show one label each, and {Several}", "0", "0"),
        new(
            "label_smoothing",
            value => value is not 0.0,
            _ => $"label smoothing spreads a target over classes that exclude each other, and {Several}, each with a loss of its own",
            "0, or class_weights and focal_gamma",
            "0"),
    ];

    /// <summary>Reports what a spec with several labels a row must not say.</summary>
    public static void Check(SweepSpec spec, ErrorList errors)
    {
        if (!spec.Defaults.Data.IsMultiLabel)
        {
            return;
        }

        foreach (var rule in Rules)
        {
            CheckRule(spec, rule, errors);
        }

        if (spec.LabelTexts is not null)
        {
            errors.Add(
                spec.MarkOf("label_texts"),
                "label_texts",
                "the head linear, the only one for several labels a row, reads no texts of labels; remove 'label_texts' (or data.label_separator)");
        }

        foreach (var variant in spec.Variants.Where(variant => variant.MultiplyLogit is not null))
        {
            var path = $"variants.{variant.Name}.multiply_logit";
            errors.Add(
                spec.MarkOf(path),
                path,
                $"a factor on a score decides between labels, and {Several}: whether one is named is whether its own score is above 0, whatever the factor",
                allowed: "add_log_prior or temperature");
        }
    }

    private static void CheckRule(SweepSpec spec, Rule rule, ErrorList errors)
    {
        var setting = SettingTable.ByName[rule.Setting];
        if (spec.Marks.ContainsKey(setting.Path))
        {
            Refuse(setting.Path, setting.Path, setting.Get(spec.Defaults));
        }

        var values = spec.Grid.FirstOrDefault(axis => axis.Name == rule.Setting)?.Values ?? [];
        for (var i = 0; i < values.Count; i++)
        {
            Refuse($"grid.{rule.Setting}[{i}]", $"grid.{rule.Setting}", values[i]);
        }

        foreach (var arm in spec.Arms)
        {
            foreach (var (_, value) in arm.Settings.Where(own => own.Key == rule.Setting))
            {
                Refuse($"arms.{arm.Name}.{rule.Setting}", $"arms.{arm.Name}.{rule.Setting}", value);
            }
        }

        void Refuse(string mark, string path, object? value)
        {
            if (rule.IsWrong(value))
            {
                errors.Add(spec.MarkOf(mark), path, rule.Problem(value), value as string, rule.Allowed, rule.Nearest);
            }
        }
    }

    /// <summary>A setting that some values of make no sense.</summary>
    private sealed record Rule(string Setting, Predicate<object?> IsWrong, Func<object?, string> Problem, string Allowed, string? Nearest = null);
}
