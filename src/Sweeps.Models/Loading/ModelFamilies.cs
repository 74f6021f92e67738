using Sweeps.Models.Bert;
using Sweeps.Models.DebertaV3;
using Sweeps.Models.Gemma3;
using Sweeps.Models.Llama;
using Sweeps.Models.Mistral;
using Sweeps.Models.ModernBert;
using Sweeps.Models.Quantization;
using Sweeps.Models.Qwen3;
using Sweeps.Models.Roberta;
using Sweeps.Models.Safetensors;
using Sweeps.Models.T5;

namespace Sweeps.Models.Loading;

/// <summary>The transformer families, by <c>model_type</c> of config.json.</summary>
public static class ModelFamilies
{
    private static readonly IModelFamily[] All =
    [
        new Gemma3Family(), new Qwen3Family(), new LlamaFamily(), new MistralFamily(),
        new BertFamily(), new RobertaFamily(), new ModernBertFamily(), new DebertaFamily(),
        new T5Family(),
    ];

    /// <summary>Every model type that can be loaded.</summary>
    public static IReadOnlyList<string> ModelTypes { get; } = [.. All.Select(family => family.ModelType)];

    /// <summary>Loads a model folder as Hugging Face saves it: config.json and safetensors, single or sharded.</summary>
    /// <exception cref="ModelLoadException">Unknown type, bad config, or weights that do not fit.</exception>
    /// <exception cref="SafetensorsException">A broken weights file.</exception>
    public static Transformer Load(string folder, LoadOptions? options = null)
    {
        var config = ModelConfig.Read(folder);
        var family = Find(config);
        TorchRuntime.EnsureLoaded();
        using var weights = SafetensorsFolder.Open(folder);
        return Create(family, config, weights, options);
    }

    /// <summary>Loads weights that lie apart from their config.</summary>
    /// <exception cref="ModelLoadException">As <see cref="Load"/>.</exception>
    public static Transformer Load(ModelConfig config, SafetensorsFolder weights, LoadOptions? options = null)
    {
        var family = Find(config);
        TorchRuntime.EnsureLoaded();
        return Create(family, config, weights, options);
    }

    /// <summary>Makes a model with new weights, drawn from the seed of <paramref name="options"/>.</summary>
    /// <exception cref="ModelLoadException">Unknown type or bad config.</exception>
    public static Transformer Create(ModelConfig config, LoadOptions? options = null)
    {
        var family = Find(config);
        TorchRuntime.EnsureLoaded();
        return family.Create(config, null, options ?? new LoadOptions());
    }

    /// <summary>Longest text in tokens that a model takes, from its config alone.</summary>
    /// <exception cref="ModelLoadException">Unknown type or bad config.</exception>
    public static int MaxPositions(ModelConfig config) => Find(config).MaxPositions(config);

    /// <summary>What a model pads texts with, from its config alone; null where it names nothing.</summary>
    /// <exception cref="ModelLoadException">Unknown type or bad config.</exception>
    public static int? PadTokenId(ModelConfig config) => (int?)Find(config).PadTokenId(config);

    private static Transformer Create(
        IModelFamily family, ModelConfig config, SafetensorsFolder weights, LoadOptions? options)
    {
        var stored = BitsAndBytesConfig.ComputeType(config);
        var model = family.Create(config, weights, (options ?? new LoadOptions()) with { StoredComputeType = stored });
        var matrices = model.Linears.Select(linear => linear.Weight).ToHashSet();
        if (model.Parameters.FirstOrDefault(parameter => parameter.IsPacked && !matrices.Contains(parameter)) is { } odd)
        {
            model.Dispose();
            throw new ModelLoadException(
                $"{weights.Path}: {odd.Name} is held in 4 bits; only the matrices of linear layers may be");
        }

        return model;
    }

    /// <summary>What config.json calls <c>architectures</c>: Hugging Face's class for a task; null when it has none.</summary>
    /// <param name="modelType">One of <see cref="ModelTypes"/>.</param>
    /// <param name="classifies">Whether the model has a linear head, rather than writes.</param>
    public static string? Architecture(string modelType, bool classifies)
    {
        var family = Array.Find(All, family => family.ModelType == modelType);
        return classifies ? family?.Classifier : family?.Writer;
    }

    private static IModelFamily Find(ModelConfig config)
    {
        var type = config.ModelType;
        return Array.Find(All, family => family.ModelType == type)
            ?? throw new ModelLoadException(
                $"{config.Source}: model_type '{type}' is not known."
                + (NearestName.Of(type, ModelTypes) is { } nearest ? $" Did you mean '{nearest}'?" : string.Empty)
                + $" Known: {string.Join(", ", ModelTypes)}");
    }
}
