using System.Globalization;
using Sweeps.Core.Planning;
using Sweeps.Core.Spec;

namespace Sweeps.Search.Planning;

/// <summary>What data and base model must have for any trial at all.</summary>
internal static class DataChecks
{
    /// <summary>Largest share of unknown tokens that a base may make of a data set.</summary>
    public const double MaxUnknownShare = 0.05;

    public static void Check(SweepSpec spec, DataFacts data, ModelFacts? model, PlanReport report)
    {
        if (data.Labels.Count < 2)
        {
            report.Error(
                "data.train",
                $"the training rows have {(data.Labels.Count == 0 ? "no label" : $"one label only ('{LabelChecks.Short(data.Labels[0])}')")}",
                allowed: "at least two different labels");
        }

        if (data.Rows.GetValueOrDefault("train") <= 0)
        {
            report.Error("data.train", "there are no training rows");
        }

        if (data.Rows.GetValueOrDefault("validation") <= 0)
        {
            report.Error("data.validation", "there are no validation rows", allowed: "a larger share or another file");
        }

        CheckColumns(spec, data.Columns, report);
        if (model?.UnknownShare is > MaxUnknownShare)
        {
            var share = (100 * model.UnknownShare.Value).ToString("0.0", CultureInfo.InvariantCulture);
            report.Error(
                "base",
                $"{share} % of the tokens in the training texts are unknown to the vocabulary of '{LabelChecks.Short(spec.Defaults.Base)}' (limit 5 %): it would read holes",
                spec.Defaults.Base,
                "a base model whose vocabulary covers these texts ('base:' takes a Hugging Face folder)");
        }

        foreach (var label in data.Labels.Where(label => data.ClassCounts.Count > 0 && data.ClassCounts.GetValueOrDefault(label) == 0))
        {
            report.Warn($"no training row has the label '{LabelChecks.Short(label)}'");
        }

        if (data.Rows.GetValueOrDefault("test") <= 0)
        {
            report.Warn("there is no test split: the chosen trial gets no test score ('data: test:' takes a file)");
        }
    }

    /// <summary>The label's and the templates' columns must be there. No columns: not known, nothing is said.</summary>
    public static void CheckColumns(SweepSpec spec, IReadOnlyList<string> columns, PlanReport report)
    {
        var label = spec.Defaults.Data.LabelColumn;
        if (columns.Count > 0 && !columns.Contains(label))
        {
            report.Error(
                "data.label",
                $"the data have no column '{LabelChecks.Short(label)}'",
                label,
                LabelChecks.List(columns),
                NearestName.Of(label, columns));
        }

        var swept = spec.Grid.FirstOrDefault(axis => axis.Name == "template")?.Values.Cast<string>() ?? [];
        var templates = spec.Defaults.Template.Length > 0 ? swept.Prepend(spec.Defaults.Template) : swept;
        foreach (var template in templates.Distinct(StringComparer.Ordinal))
        {
            foreach (var column in TemplateSlots.Find(template, out _))
            {
                if (column == label)
                {
                    report.ErrorAt(
                        "template",
                        template,
                        $"the template shows the label's column '{LabelChecks.Short(column)}': the model would read the answer",
                        "columns other than the label's");
                }
                else if (columns.Count > 0 && !columns.Contains(column))
                {
                    var others = columns.Where(name => name != label).ToList();
                    report.ErrorAt(
                        "template",
                        template,
                        $"the template names the column '{LabelChecks.Short(column)}', which the data do not have",
                        LabelChecks.List(others),
                        NearestName.Of(column, others));
                }
            }
        }
    }
}
