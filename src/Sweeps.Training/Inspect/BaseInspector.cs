using Sweeps.Core.Planning;
using Sweeps.Core.Spec;
using Sweeps.Data.Facts;
using Sweeps.Data.Tokenizers;
using Sweeps.Models;
using Sweeps.Models.Loading;
using Sweeps.Training.Inputs;

namespace Sweeps.Training.Inspect;

/// <summary>What can be told of a base model, with and without data.</summary>
public static class BaseInspector
{
    /// <summary>Loads the base and counts.</summary>
    /// <param name="folder">A Hugging Face folder.</param>
    /// <param name="settings">Template, labels and form of the data; null: no data are looked at.</param>
    /// <param name="dataFile">Training file; null: no data are looked at.</param>
    /// <exception cref="ModelLoadException">The base cannot be used.</exception>
    /// <exception cref="Data.DataException">Tokeniser or data cannot be used.</exception>
    public static ModelFacts Inspect(string folder, TrialSettings? settings = null, string? dataFile = null)
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
            Writes = model.IsDecoder || model is EncoderDecoder,
        };
        if (settings is null || dataFile is null)
        {
            return facts;
        }

        var tokenizer = TokenizerLoader.Load(folder);
        TokenizerChecks.CheckBase(tokenizer, model.VocabularySize, folder);
        var encoding = new TextEncoding(settings, tokenizer, model.MaxPositions);
        var table = encoding.Read(dataFile);
        TokenizerChecks.CheckIds(tokenizer, table.Rows.Select(encoding.Encode), model.VocabularySize, dataFile);
        return facts with
        {
            UnknownShare = encoding.Unknown(table).Value,
            MeanTokens = encoding.MeanTokens(table),
            EndToken = encoding.Tokenizer.EosId,
            LabelTokens = settings.Data.Labels.Count == 0 ? null
                : [.. LabelTokens.Texts(settings).Select(label => (IReadOnlyList<IReadOnlyList<int>>)[.. label.Texts.Select(text => Known(encoding.Tokenizer, text))])],
        };
    }

    /// <summary>Tokens of a label's text; none when one is not known.</summary>
    private static int[] Known(ITokenizer tokenizer, string text)
    {
        var ids = tokenizer.Encode(text, addSpecial: false);
        return ids.Contains(tokenizer.UnkId ?? -1) ? [] : ids;
    }

    /// <summary>Longest input of a base model, from its config alone.</summary>
    internal static int Positions(string folder)
    {
        try
        {
            return ModelFamilies.MaxPositions(ModelConfig.Read(folder));
        }
        catch (ModelLoadException error)
        {
            throw new TrainingException(Core.States.FailureClass.BadSpec, error.Message, error);
        }
    }
}
