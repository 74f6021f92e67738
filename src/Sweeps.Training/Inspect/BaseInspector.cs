using Sweeps.Core.Planning;
using Sweeps.Core.Spec;
using Sweeps.Data;
using Sweeps.Data.ChatTemplates;
using Sweeps.Data.Facts;
using Sweeps.Data.Readers;
using Sweeps.Data.Tokenizers;
using Sweeps.Models;
using Sweeps.Models.Loading;
using Sweeps.Training.Inputs;

namespace Sweeps.Training.Inspect;

/// <summary>What can be told of a base model, with and without data.</summary>
public static class BaseInspector
{
    /// <summary>Forms of prompts that are looked at; of the others the trainer tells.</summary>
    private const int MostForms = 256;

    private static readonly string[] NamedTokens = ["bos_token_id", "eos_token_id"];

    /// <summary>Loads the base and counts.</summary>
    /// <param name="folder">A Hugging Face folder.</param>
    /// <param name="settings">Template, labels and form of the data; null: no data are looked at.</param>
    /// <param name="dataFile">Training file; null: no data are looked at.</param>
    /// <param name="trials">Settings of trials, whose prompts are looked at; none: those of <paramref name="settings"/>.</param>
    /// <param name="validationFile">Validation file, when there is one: its rows are not taken from the training file.</param>
    /// <exception cref="ModelLoadException">The base cannot be used.</exception>
    /// <exception cref="Data.DataException">Tokeniser or data cannot be used.</exception>
    public static ModelFacts Inspect(
        string folder,
        TrialSettings? settings = null,
        string? dataFile = null,
        IReadOnlyList<TrialSettings>? trials = null,
        string? validationFile = null)
    {
        using var model = ModelFamilies.Load(folder);
        var facts = new ModelFacts
        {
            Family = model.ModelType,
            Layers = model.LayerCount,
            HiddenSize = model.HiddenSize,
            Parameters = model.Parameters.Sum(parameter => parameter.Count),
            EmbeddingParameters = model.Parameters
                .Where(parameter => parameter.Layer == NamedParameter.EmbeddingLayer).Sum(parameter => parameter.Count),
            MaxPositions = model.MaxPositions,
            IsDecoder = model.IsDecoder,
            IsQuantised = model.IsQuantised,
            Linears = [.. model.Linears.Select(linear => new LinearFact(linear.Name, linear.Outputs, linear.Inputs))],
            Modules = [.. model.Parameters.Select(ModuleOf).Distinct(StringComparer.Ordinal)],
            TiedModule = model.OutputEmbedding is { Layer: NamedParameter.EmbeddingLayer } tied ? ModuleOf(tied) : null,
            HeadModule = model.ClassifierName,
            Writes = model.IsDecoder || model is EncoderDecoder,
        };
        if (settings is null || dataFile is null)
        {
            return facts;
        }

        var tokenizer = TokenizerLoader.Load(folder);
        TokenizerChecks.CheckBase(tokenizer, model.VocabularySize, folder, SpecialIds(folder));
        List<TrialSettings> forms =
        [
            .. (trials is { Count: > 0 } ? trials : [settings])
                .DistinctBy(trial => TextFacts.FormOf(trial, model.MaxPositions)).Take(MostForms),
        ];
        Dictionary<string, DataTable> divided = new(StringComparer.Ordinal);
        DataTable Training(TextEncoding encoding)
        {
            // The rows that a trial trains on, solved examples among them; a split looks at the template's columns.
            var source = encoding.Template.Source;
            return divided.TryGetValue(source, out var rows) ? rows : divided[source] = encoding
                .Divide(encoding.Read(dataFile), validationFile is null ? null : encoding.Read(validationFile)).Train;
        }

        facts = facts with
        {
            Texts = [.. forms.Select(form => TextOf(form, model, tokenizer, Training))],
            EndToken = tokenizer.EosId,
            LabelTokens = LabelsOf(settings, tokenizer, null),
            ChatLabelTokens = forms.Exists(form => form.Chat) && ChatLayout.Find(model.ModelType) is { } layout && layout.IsIn(tokenizer)
                ? LabelsOf(settings, tokenizer, layout)
                : null,
        };
        if (facts.Texts[0].Problem is not null)
        {
            // No trial can run, so there is nothing to measure.
            return facts;
        }

        var measured = forms[0];
        var encoding = new TextEncoding(measured, tokenizer, model.MaxPositions, TextEncoding.ChatOf(measured, model.ModelType, tokenizer));
        var table = encoding.Read(dataFile);
        if (measured.FewShot > 0)
        {
            encoding.ChooseExamples(Training(encoding));
        }

        TokenizerChecks.CheckIds(tokenizer, table.Rows.Select(encoding.Encode), model.VocabularySize, dataFile);
        return facts with { UnknownShare = encoding.Unknown(table).Value, MeanTokens = encoding.MeanTokens(table) };
    }

    private static string ModuleOf(NamedParameter weight) =>
        weight.Name.LastIndexOf('.') is > 0 and var dot ? weight.Name[..dot] : weight.Name;

    /// <summary>The tokens around a text that config.json names.</summary>
    private static Dictionary<string, int> SpecialIds(string folder)
    {
        var config = ModelConfig.Read(folder);
        return NamedTokens
            .Where(field => config.WholeOrNull(field) is >= 0 and <= int.MaxValue)
            .ToDictionary(field => field, field => (int)config.WholeOrNull(field)!.Value, StringComparer.Ordinal);
    }

    /// <summary>Makes the prompts of a form as a trial would, and tells what came of it.</summary>
    private static TextFacts TextOf(TrialSettings form, Transformer model, ITokenizer tokenizer, Func<TextEncoding, DataTable> training)
    {
        var facts = new TextFacts { Form = TextFacts.FormOf(form, model.MaxPositions) };
        var setting = "chat";
        try
        {
            var layout = form.Chat ? ChatLayout.Require(model.ModelType, tokenizer) : null;
            setting = "max_length";
            var encoding = new TextEncoding(form, tokenizer, model.MaxPositions, layout);
            if (form.FewShot > 0)
            {
                setting = "few_shot";
                encoding.ChooseExamples(training(encoding));
            }

            return facts with { FixedTokens = encoding.FixedTokens };
        }
        catch (DataException error)
        {
            return facts with { Setting = setting, Problem = error.Problem, Fix = error.Fix };
        }
    }

    private static IReadOnlyList<IReadOnlyList<IReadOnlyList<int>>>? LabelsOf(TrialSettings settings, ITokenizer tokenizer, ChatLayout? layout) =>
        settings.Data.Labels.Count == 0
            ? null
            : [.. LabelTokens.Texts(settings).Select(label => (IReadOnlyList<IReadOnlyList<int>>)[.. label.Texts.Select(text => LabelTokens.Known(text, tokenizer, layout))])];
}
