using System.Globalization;
using System.Text;
using System.Text.Json;
using Sweeps.Core.Spec;
using Sweeps.Data.ChatTemplates;
using Sweeps.Data.Guess;

namespace Sweeps.Cli.Launching;

/// <summary>A first grid.yaml, commented so that it teaches.</summary>
internal static class InitSpec
{
    public static string Write(DataGuess guess, string dataPath, char? delimiter, BaseGuess model)
    {
        var text = new StringBuilder();
        void Line(string line) => text.Append(line).Append('\n');
        var name = new string([.. Path.GetFileNameWithoutExtension(dataPath).ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-')]).Trim('-');
        var facts = guess.Facts;

        Line($"# {Path.GetFileName(dataPath)}: {facts.Rows.ToString("N0", CultureInfo.InvariantCulture)} rows, {facts.Labels.Count} labels. Check this file: sweeps plan FILE. Run it: sweeps run FILE.");
        foreach (var note in guess.Notes.Concat(facts.Warnings))
        {
            Line($"# {note}");
        }

        Line($"name: {(name.Length == 0 ? "my-sweep" : name)}");
        Line($"base: {Quote(model.Base)}    # {(model.Found ? model.Why : $"PUT THE PATH OF A HUGGING FACE FOLDER HERE: {model.Why}")}");
        Line(string.Empty);
        Line("data:");
        Line($"  train: {Quote(dataPath)}");
        if (delimiter is { } separator)
        {
            Line($"  delimiter: {Quote(separator.ToString())}");
        }

        Line("  validation: 0.1               # a share of the training rows, or a file; it chooses the best trial");
        Line("  # test: test.csv              # scored once, for the chosen trial only");
        Line($"  label: {Quote(guess.LabelColumn)}");
        Line(string.Empty);
        Line("# What the model reads. {column} is a column of the data; only its text is shortened, never the template.");
        Line($"template: {Quote(guess.Template)}");
        Line($"max_length: {MaxLength(facts.Characters.P95)}               # tokens; 95 % of your texts have at most {facts.Characters.P95} characters");
        Line("truncate: head                  # what is kept of a longer text: head, tail or middle (both ends)");
        foreach (var line in OfFamily(model))
        {
            Line(line);
        }

        Line(string.Empty);
        Line("training:");
        Line("  batch_size: 32");
        Line("  schedule: cosine              # constant, linear or cosine");
        Line("  warmup: 0.1                   # share of all steps");
        Line($"  class_weights: {(Imbalance(guess) > 3 ? "balanced      # some labels are rare" : "none          # or balanced, when some labels are rare")}");
        Line(string.Empty);
        Line("# Every combination is a trial. Any setting above may be swept by its name.");
        Line("grid:");
        Line("  epochs: [1, 3]");
        Line($"  learning_rate: {(model.IsTiny ? "[3e-4, 3e-3]" : "[5e-5, 2e-4]")}");
        Line($"  method: [full, lora]{Others("          # of this base also: ", model.Family is { } type ? FamilyTraits.Methods(type) : [], "full", "lora")}");
        Line("  rank: [8]                     # lora and its kind only");
        Line("  # frozen_layers: [0, 2]       # keep the bottom layers as they are");
        Line(string.Empty);
        Line("objective: macro_f1             # macro_f1, accuracy or loss, on validation");
        Line("seed: 1");
        Line("# concurrency: 2                # trials at once (default: one a core)");
        Line("# max_time: 2h                  # then the trials checkpoint and stop");
        return text.ToString();
    }

    /// <summary>What depends on the base model's family.</summary>
    private static IEnumerable<string> OfFamily(BaseGuess model)
    {
        if (model.Family is not { } family)
        {
            yield return "head: linear                    # linear, or label-tokens, trimmed and generate for decoders such as Gemma 3";
            yield break;
        }

        var heads = FamilyTraits.Heads(family);
        yield return $"head: linear                    # {(heads.Count > 1 ? $"of this base also: {string.Join(", ", heads.Skip(1))} (the last writes the label)" : "a new layer; an encoder has no other")}";
        if (FamilyTraits.IsEncoder(family))
        {
            yield return "# pooling: mean               # what the head reads: cls, pooled or mean; default: as the family's classifiers";
        }

        if (!model.IsTiny && ChatLayout.Find(family) is not null)
        {
            yield return "# chat: true                  # for a base tuned for chat: text and label are turns of its conversation";
        }

        if (heads.Contains("label-tokens"))
        {
            yield return "# arms: {untrained: {method: zero-shot, head: label-tokens}}   # a trial beside the grid that trains nothing";
        }
    }

    /// <summary>A comment with the names that are not taken already; nothing when none is left.</summary>
    private static string Others(string before, IEnumerable<string> names, params string[] taken) =>
        names.Except(taken).ToList() is { Count: > 0 } others ? before + string.Join(", ", others) : string.Empty;

    private static double Imbalance(DataGuess guess) =>
        (double)guess.Facts.RowsPerLabel.Max() / Math.Max(1, guess.Facts.RowsPerLabel.Min());

    private static int MaxLength(int characters) => characters switch
    {
        <= 200 => 64,
        <= 450 => 128,
        <= 900 => 256,
        _ => 512,
    };

    /// <summary>A YAML double-quoted scalar; JSON's form is one.</summary>
    private static string Quote(string value) => JsonSerializer.Serialize(value, QuoteOptions);

    private static readonly JsonSerializerOptions QuoteOptions = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
