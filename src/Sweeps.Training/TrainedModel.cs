using Sweeps.Core.Spec;
using Sweeps.Data.Tokenizers;
using Sweeps.Models.Safetensors;
using Sweeps.Training.Checkpoints;
using Sweeps.Training.Inputs;
using Sweeps.Training.Recipes;

namespace Sweeps.Training;

/// <summary>A trained model on disk: what it was made from and where its weights lie.</summary>
/// <param name="Settings">The trial's settings.</param>
/// <param name="BaseFolder">The base model's folder.</param>
/// <param name="CheckpointFolder">The checkpoint's folder.</param>
public sealed record TrainedModel(TrialSettings Settings, string BaseFolder, string CheckpointFolder)
{
    /// <summary>Builds the model and puts the trained weights in.</summary>
    /// <exception cref="TrainingException">Settings and base do not fit.</exception>
    /// <exception cref="InvalidDataException">The weights are not this trial's, or differ from what was written.</exception>
    internal (TrialModel Model, TextEncoding Encoding) Load()
    {
        var path = Path.Combine(CheckpointFolder, Checkpoints.CheckpointFolder.Weights);
        if (!File.Exists(path))
        {
            throw new InvalidDataException($"there are no weights in {CheckpointFolder}");
        }

        Checkpoints.CheckpointFolder.CheckWeights(CheckpointFolder);
        var encoding = TextEncoding.Of(Settings, TokenizerLoader.Load(BaseFolder), BaseFolder);
        encoding.UseExamples(Examples());
        var model = TrialModel.Build(Settings, BaseFolder, encoding.Labels, encoding.Tokenizer);
        try
        {
            using var weights = SafetensorsFile.Open(path);
            model.Restore(weights);
            return (model, encoding);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>What the checkpoint says besides weights; null where it has no such file.</summary>
    /// <exception cref="System.Text.Json.JsonException">It cannot be read.</exception>
    internal CheckpointState? State()
    {
        var path = Path.Combine(CheckpointFolder, Checkpoints.CheckpointFolder.State);
        return File.Exists(path) ? Core.Json.SweepsJson.Read<CheckpointState>(File.ReadAllText(path)) : null;
    }

    /// <summary>A variant of the trial by its name; null for the plain decision.</summary>
    /// <exception cref="InvalidDataException">It has none of that name.</exception>
    public VariantSettings? Variant(string? name)
    {
        if (name is null or VariantSettings.Plain)
        {
            return null;
        }

        var variants = Settings.Variants ?? [];
        return variants.FirstOrDefault(variant => variant.Name == name)
            ?? throw new InvalidDataException(
                $"there is no variant '{name}': {string.Join(", ", variants.Select(variant => variant.Name).Prepend(VariantSettings.Plain))} {(variants.Count == 0 ? "is the only one" : "are there")}");
    }

    /// <summary>The solved examples that stood in front of every prompt in training.</summary>
    private string Examples() =>
        Settings.FewShot == 0 ? ""
        : State()?.Examples
            ?? throw new InvalidDataException($"{CheckpointFolder} does not hold the examples of its prompts (few_shot {Settings.FewShot})");
}
