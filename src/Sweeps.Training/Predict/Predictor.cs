using Sweeps.Core.Spec;
using Sweeps.Data;
using Sweeps.Data.Metrics;
using Sweeps.Data.Readers;
using Sweeps.Models.Heads;
using Sweeps.Models.Ops;
using Sweeps.Training.Batches;
using Sweeps.Training.Evaluation;
using Sweeps.Training.Inputs;
using Sweeps.Training.Recipes;
using static TorchSharp.torch;

namespace Sweeps.Training.Predict;

/// <summary>Labels texts with a trained model.</summary>
public sealed class Predictor : IDisposable
{
    private readonly TrialModel _model;
    private readonly TextEncoding _encoding;
    private readonly IScoreRule _rule;
    private readonly VariantSettings? _variant;
    private readonly VariantFacts _facts;

    private Predictor(TrialModel model, TextEncoding encoding, IScoreRule rule, VariantSettings? variant, VariantFacts facts)
    {
        _rule = rule;
        _model = model;
        _encoding = encoding;
        _variant = variant;
        _facts = facts;
    }

    /// <summary>Loads a trained model.</summary>
    /// <param name="trained">The model.</param>
    /// <param name="variant">Name of the decision, one of the trial's variants; null: the plain one.</param>
    /// <exception cref="TrainingException">Settings and base do not fit.</exception>
    /// <exception cref="InvalidDataException">The weights are not this trial's, or it has no such variant.</exception>
    public static Predictor Load(TrainedModel trained, string? variant = null)
    {
        ArgumentNullException.ThrowIfNull(trained);
        var chosen = trained.Variant(variant);
        var facts = chosen is null ? null : trained.State()?.Variants;
        var (model, encoding) = trained.Load();
        return new Predictor(model, encoding, IScoreRule.Of(trained.Settings), chosen, facts ?? VariantFacts.None);
    }

    /// <summary>Labels one example.</summary>
    /// <param name="texts">The text of the template's only column, or <c>column=value</c> for each.</param>
    /// <exception cref="DataException">A column is missing or unknown.</exception>
    public Prediction Predict(IReadOnlyList<string> texts)
    {
        var columns = _encoding.Template.Columns;
        var table = DataTable.FromRows("--text", columns, [Fields(columns, texts)]);
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var ids = _encoding.Encode(table.Rows[0]);
        using var batch = BatchBuilder.Pad([_encoding.Prompt(ids, _model.Body, _model.Head)], _encoding.PadId);
        var logits = _model.Logits(batch, DropoutContext.None).data<float>().ToArray();
        var scores = _variant is { UsesScores: true }
            ? ScoreVariant.Apply(_variant, [logits], _facts)[0]
            : Array.ConvertAll(logits, score => (double)score);
        var probabilities = _rule.Probabilities(scores);

        // The decision that the trial was scored by; where free text is no label, the likeliest one.
        var decided = _variant is { UsesScores: true } ? _rule.Decide([scores])[0]
            : _model.Head is GenerateHead generate && _variant?.Constrained is { } constrained
                ? ClassificationMetrics.Sets(generate.Decide(_model.Body, batch, constrained))[0]
            : _model.Head.LabelsOf(_model.Body, batch)[0];
        var names = _encoding.Labels.Names;
        var hasSeveral = _encoding.Labels.Separator is not null;
        return new Prediction(
            hasSeveral ? null : names[decided is [var one] ? one : Array.IndexOf(probabilities, probabilities.Max())],
            hasSeveral ? [.. decided.Select(label => names[label])] : null,
            names.Select((name, index) => KeyValuePair.Create(name, probabilities[index])).ToDictionary(),
            _encoding.Unknown(table).Value);
    }

    /// <inheritdoc/>
    public void Dispose() => _model.Dispose();

    private static string[] Fields(IReadOnlyList<string> columns, IReadOnlyList<string> texts)
    {
        if (columns.Count == 1 && texts.Count == 1)
        {
            var only = columns[0] + "=";
            return [texts[0].StartsWith(only, StringComparison.Ordinal) ? texts[0][only.Length..] : texts[0]];
        }

        var fields = new string?[columns.Count];
        foreach (var text in texts)
        {
            var equals = text.IndexOf('=', StringComparison.Ordinal);
            var column = equals < 0 ? -1 : columns.ToList().IndexOf(text[..equals]);
            if (column < 0)
            {
                throw columns.Count == 1
                    ? new DataException("--text", null, $"{texts.Count} texts for the only column", "Put a text of several words in quotes: --text \"...\"")
                    : new DataException(
                        "--text", null, $"'{text}' names no column of the template", $"Give each one, in quotes when it has several words: {Wanted(columns)}");
            }

            if (fields[column] is not null)
            {
                throw new DataException("--text", null, $"'{columns[column]}' is given twice", "Keep one");
            }

            fields[column] = text[(equals + 1)..];
        }

        var missing = columns.Where((_, index) => fields[index] is null).ToList();
        return missing.Count == 0
            ? [.. fields.Select(field => field!)]
            : throw new DataException("--text", null, $"no value for {string.Join(", ", missing)}", $"Give each one: {Wanted(columns)}");
    }

    private static string Wanted(IEnumerable<string> columns) => string.Join(' ', columns.Select(column => $"--text {column}=\"...\""));
}

/// <summary>What a model makes of an example.</summary>
/// <param name="Label">The likeliest label; null where a text may have several.</param>
/// <param name="Labels">Every label with a probability of at least one half, in label order; null where a text has one label.</param>
/// <param name="Probabilities">Probability of each label, in label order; they add up to 1 where a text has one label.</param>
/// <param name="UnknownShare">Share of the text's tokens that the base model's vocabulary does not know, 0 to 1.</param>
public sealed record Prediction(
    string? Label, IReadOnlyList<string>? Labels, IReadOnlyDictionary<string, double> Probabilities, double UnknownShare);
