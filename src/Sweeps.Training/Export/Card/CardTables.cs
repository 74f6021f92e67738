using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sweeps.Core.Api;
using Sweeps.Core.Json;
using Sweeps.Core.Spec;

namespace Sweeps.Training.Export.Card;

/// <summary>The tables of a model card: results, data, settings.</summary>
internal static class CardTables
{
    private const string Unknown = "Not known: exported from a checkpoint alone, without the record of its sweep.";

    /// <summary>Settings that a reader wants whatever they are; all others are told where they are not the default.</summary>
    private static readonly string[] Always =
    [
        "method", "head", "rank", "alpha", "lora_dropout", "epochs", "learning_rate", "batch_size", "accumulation", "schedule", "warmup",
        "weight_decay", "clip", "precision", "max_length", "seed", "metric",
    ];

    /// <summary>Settings that have a section of their own.</summary>
    private static readonly string[] Elsewhere = ["base", "template", "data", "label_texts", "checkpoint_steps", "checkpoint_seconds"];

    /// <summary>Scores, in all and by class.</summary>
    public static string Results(CardFacts facts)
    {
        if (facts.Origin is not { } origin)
        {
            return Unknown;
        }

        var hasMicro = Tests(origin).Prepend(origin.Validation).Any(scores => scores?.MicroF1 is not null);
        var text = new StringBuilder($"| split | rows | macro F1 |{(hasMicro ? " micro F1 |" : string.Empty)} accuracy | loss |\n");
        text.Append(CultureInfo.InvariantCulture, $"|---|---:|---:|{(hasMicro ? "---:|" : string.Empty)}---:|---:|\n");
        Line(text, "validation", origin, origin.Validation, hasMicro);
        foreach (var scores in Tests(origin))
        {
            Line(text, "test", origin, scores, hasMicro);
        }

        text.Append('\n').Append(Test(origin)).Append('\n');
        if (origin.Validation?.F1 is not null || origin.Test?.F1 is not null)
        {
            text.Append("\nF1 of each class:\n\n| class | validation | test |\n|---|---:|---:|\n");
            foreach (var label in facts.Labels)
            {
                text.Append(CultureInfo.InvariantCulture, $"| {CardText.Cell(label)} | {F1(origin.Validation, label)} | {F1(origin.Test, label)} |\n");
            }
        }

        return text.ToString();
    }

    /// <summary>Files, rows and classes.</summary>
    public static string Data(CardFacts facts)
    {
        if (facts.Origin is not { } origin)
        {
            return Unknown;
        }

        var text = new StringBuilder("| split | file | rows | SHA-256 of the file |\n|---|---|---:|---|\n");
        foreach (var split in new[] { "train", "validation", "test" })
        {
            var file = origin.Files.FirstOrDefault(file => file.Role == split);
            if (file is null && origin.Rows.GetValueOrDefault(split) == 0)
            {
                continue;
            }

            text.Append(file is null
                ? $"| {split} | split off the training file (a share of {Number(facts.Settings.Data.ValidationShare)}) | {Rows(origin, split)} | – |\n"
                : $"| {split} | {CardText.Cell(file.Name)} | {Rows(origin, split)} | {CardText.Code(file.Sha256)} |\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"\nColumns of the text: {string.Join(", ", facts.Encoding.Template.Columns.Select(CardText.Code))}; of the label: {CardText.Code(facts.Settings.Data.LabelColumn)}.\n");
        var asText = facts.Settings.LabelTexts;
        text.Append(CultureInfo.InvariantCulture, $"\n| class | training rows |{(asText is null ? string.Empty : " as text |")}\n|---|---:|{(asText is null ? string.Empty : "---|")}\n");
        for (var label = 0; label < facts.Labels.Count; label++)
        {
            var name = facts.Labels[label];
            text.Append(CultureInfo.InvariantCulture, $"| {CardText.Cell(name)} | {(origin.ClassCounts.TryGetValue(name, out var count) ? CardText.Count(count) : "–")} |");
            text.Append(asText is null ? "\n" : $" {CardText.Cell(string.Join(" or ", asText[label].Texts.Select(CardText.Code)))} |\n");
        }

        return text.ToString();
    }

    /// <summary>How it was made, and the settings.</summary>
    public static string Training(CardFacts facts)
    {
        var text = new StringBuilder();
        var trained = facts.Model.Trainable.Sum(parameter => parameter.Count);
        var total = facts.Model.TotalParameters;
        text.Append(CultureInfo.InvariantCulture, $"{CardText.Count(trained)} of {CardText.Count(total)} parameters were trained ({100.0 * trained / total:0.##} %).");
        if (facts.Origin is { } origin)
        {
            var point = string.Join(", ", origin.Point.Select(pair => $"{pair.Key} {pair.Value}"));
            text.Append(CultureInfo.InvariantCulture, $" Made by Sweeps {origin.Version}: sweep {CardText.Code(origin.Sweep)} (\"{origin.Name}\"), trial {origin.Trial} of {origin.Trials}{(point.Length > 0 ? $" ({point})" : string.Empty)}, {(origin.Chosen ? "the sweep's choice" : "not (yet) the sweep's choice")} by {origin.Metric}.");
            text.Append(CultureInfo.InvariantCulture, $" It took {origin.Seconds:0.#} s of training in {origin.Attempts} attempt{(origin.Attempts == 1 ? string.Empty : "s")}");
            text.Append(origin.Attempts > 1 ? " (interrupted and resumed from a checkpoint, which gives the same weights as an uninterrupted run)" : string.Empty);
            text.Append(origin.Machine is null ? "." : $", on LibTorch {origin.Machine} (version, CPU capability, threads).");
            text.Append(CultureInfo.InvariantCulture, $" Checkpoint of step {origin.Validation?.Step ?? 0}, the best by {origin.Metric} on the validation rows");
            text.Append(origin.CheckpointSha256 is null ? "." : $"; SHA-256 of its manifest {CardText.Code(origin.CheckpointSha256)}, fingerprint of spec, data and base {CardText.Code(origin.Fingerprint)}.");
        }

        text.Append(facts.Form == ExportForm.Merged ? " The adapter was folded into the weights at export (`--merge`)." : string.Empty);
        text.Append(CultureInfo.InvariantCulture, $" Exported with `sweeps best {facts.Origin?.Sweep ?? "SWEEP"} --export DIR{(facts.Form == ExportForm.Merged ? " --merge" : facts.HasBase ? " --with-base" : string.Empty)}`; every setting is in `sweeps.json`.\n");
        text.Append("\nSettings that matter or differ from the defaults:\n\n| setting | value |\n|---|---|\n");
        foreach (var (name, value) in Settings(facts))
        {
            text.Append(CultureInfo.InvariantCulture, $"| {name} | {CardText.Cell(value)} |\n");
        }

        return text.ToString();
    }

    private static IEnumerable<(string Name, string Value)> Settings(CardFacts facts)
    {
        var settings = facts.Settings;
        var own = Fields(settings);
        var usual = Fields(new TrialSettings { Base = settings.Base, Template = settings.Template, Data = settings.Data });
        return own
            .Where(field => field.Value is not null && !Elsewhere.Contains(field.Key)
                && (Always.Contains(field.Key) || !JsonNode.DeepEquals(field.Value, usual[field.Key])))
            .OrderBy(field => Array.IndexOf(Always, field.Key) is var at and >= 0 ? at : Always.Length)
            .Select(field => (field.Key, Text(field.Key, field.Value!, facts)));
    }

    private static JsonObject Fields(TrialSettings settings) =>
        JsonSerializer.SerializeToNode(settings, SweepsJson.Options)!.AsObject();

    private static string Text(string name, JsonNode value, CardFacts facts) => name switch
    {
        // An alpha that was not given is twice the rank.
        "rank" when facts.Settings.Alpha is null => $"{value} (alpha {2 * facts.Settings.Rank})",
        "variants" => string.Join("; ", facts.Settings.Variants!.Select(variant => CardText.Code(CardVariants.Text(variant, facts.Labels, facts.Variants)))),
        _ => value is JsonValue text && text.TryGetValue<string>(out var plain) ? plain : value.ToJsonString(SweepsJson.Options),
    };

    private static string Test(ModelOrigin origin) => origin switch
    {
        { Test: not null } => "The trial was chosen by its validation rows alone. The test rows were scored once, by this checkpoint, after the choice; no trial was chosen by them.",
        _ when origin.Rows.GetValueOrDefault("test") > 0 => "The test rows had not been scored when this was exported: they are read once, after the sweep's choice.",
        _ => "There was no test split: the validation rows also chose the checkpoint and the trial, so that their scores are a little too good.",
    };

    /// <summary>The chosen decision first, then the others.</summary>
    private static IEnumerable<Scores> Tests(ModelOrigin origin) => origin.Test is null
        ? []
        : origin.Tests.Where(scores => scores.Variant != origin.Test.Variant).Prepend(origin.Test);

    private static void Line(StringBuilder text, string split, ModelOrigin origin, Scores? scores, bool hasMicro) =>
        text.Append(CultureInfo.InvariantCulture, $"| {split}{Decision(scores)} | {Rows(origin, split)} | {CardText.Score(scores?.MacroF1)} |{(hasMicro ? $" {CardText.Score(scores?.MicroF1)} |" : string.Empty)} {CardText.Score(scores?.Accuracy)} | {CardText.Score(scores?.Loss)} |\n");

    private static string Decision(Scores? scores) =>
        scores is null or { Variant: VariantSettings.Plain } ? string.Empty : $" (decision {CardText.Code(scores.Variant)})";

    private static string Rows(ModelOrigin origin, string split) =>
        origin.Rows.TryGetValue(split, out var rows) ? CardText.Count(rows) : "–";

    private static string F1(Scores? scores, string label) =>
        scores?.F1 is { } f1 && f1.TryGetValue(label, out var value) ? CardText.Score(value) : "–";

    private static string Number(double value) => value.ToString(CultureInfo.InvariantCulture);
}
