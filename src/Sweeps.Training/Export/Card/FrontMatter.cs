using System.Globalization;
using System.Text;
using Sweeps.Core.Api;

namespace Sweeps.Training.Export.Card;

/// <summary>
/// The YAML on top of a model card, from which the Hugging Face hub makes its fields and its table of results.
/// Source: the hub's model card specification.
/// </summary>
internal static class FrontMatter
{
    public static string Write(CardFacts facts)
    {
        var yaml = new StringBuilder("---\n");
        var isAdapter = facts.Form == ExportForm.Adapter;
        Line(yaml, $"library_name: {(isAdapter ? "peft" : "transformers")}");
        Line(yaml, $"pipeline_tag: {Task(facts)}");
        if (facts.Base.HubId is { } id)
        {
            Line(yaml, $"base_model: {CardText.Quoted(id)}");
            Line(yaml, $"base_model_relation: {(isAdapter ? "adapter" : "finetune")}");
        }

        Line(yaml, "tags:");
        foreach (var tag in Tags(facts))
        {
            Line(yaml, $"- {tag}");
        }

        Line(yaml, "metrics:");
        Line(yaml, "- f1");
        Line(yaml, "- accuracy");
        if (facts.Origin is { } origin && (origin.Validation ?? origin.Test) is not null)
        {
            Line(yaml, "model-index:");
            Line(yaml, $"- name: {CardText.Quoted($"{origin.Sweep}-trial-{origin.Trial}")}");
            Line(yaml, "  results:");
            Result(yaml, facts, origin, "validation", origin.Validation);
            Result(yaml, facts, origin, "test", origin.Test);
        }

        return yaml.Append("---\n").ToString();
    }

    /// <summary>The hub's name of what the model does.</summary>
    public static string Task(CardFacts facts) =>
        facts.Classifies ? "text-classification" : facts.IsEncoderDecoder ? "text2text-generation" : "text-generation";

    private static IEnumerable<string> Tags(CardFacts facts) =>
        new[] { "sweeps", "text-classification", facts.Model.Body.ModelType, facts.Settings.Method, $"head-{facts.Settings.Head}" }
            .Append(facts.Form == ExportForm.Merged ? "merged" : null)
            .OfType<string>()
            .Distinct(StringComparer.Ordinal);

    private static void Result(StringBuilder yaml, CardFacts facts, ModelOrigin origin, string split, Scores? scores)
    {
        if (scores is null)
        {
            return;
        }

        // Validation rows that were split off the training file have no file of their own.
        var file = origin.Files.FirstOrDefault(file => file.Role == split) ?? origin.Files.FirstOrDefault(file => file.Role == "train");
        Line(yaml, "  - task:");
        Line(yaml, "      type: text-classification");
        Line(yaml, "      name: Text classification");
        Line(yaml, "    dataset:");
        Line(yaml, $"      type: {CardText.Quoted(facts.Settings.Data.Format)}");
        Line(yaml, $"      name: {CardText.Quoted(file?.Name ?? split)}");
        Line(yaml, $"      split: {split}");
        Line(yaml, "    metrics:");
        Metric(yaml, "f1", "Macro F1", scores.MacroF1);
        Metric(yaml, "f1", "Micro F1", scores.MicroF1);
        Metric(yaml, "accuracy", "Accuracy", scores.Accuracy);
        Metric(yaml, "loss", "Loss", scores.Loss);
    }

    private static void Metric(StringBuilder yaml, string type, string name, double? value)
    {
        if (value is { } number && double.IsFinite(number))
        {
            Line(yaml, $"    - type: {type}");
            Line(yaml, $"      name: {name}");
            Line(yaml, $"      value: {number.ToString("0.0######", CultureInfo.InvariantCulture)}");
        }
    }

    private static void Line(StringBuilder yaml, string line) => yaml.Append(line).Append('\n');
}
