using Sweeps.Models.Safetensors;

namespace Sweeps.Models.Loading;

/// <summary>
/// A transformer family: a folder with a config reader, a model and this registration. To add one, implement it and
/// list it in <see cref="ModelFamilies"/>.
/// </summary>
internal interface IModelFamily
{
    /// <summary>Value of <c>model_type</c> in config.json.</summary>
    string ModelType { get; }

    /// <summary>Hugging Face's class of a model with a linear head; null where it has none that reads as ours does.</summary>
    string? Classifier => null;

    /// <summary>Hugging Face's class of a model that writes; null for encoders.</summary>
    string? Writer => null;

    /// <summary>Longest text in tokens; without limit for families whose positions are relative.</summary>
    /// <exception cref="ModelLoadException">The field is wrong.</exception>
    int MaxPositions(ModelConfig config) => config.Whole("max_position_embeddings", int.MaxValue);

    /// <summary>The id of padding; null where config.json names none.</summary>
    /// <exception cref="ModelLoadException">A field is wrong.</exception>
    long? PadTokenId(ModelConfig config) => config.PadTokenId(config.Whole("vocab_size"));

    /// <summary>Makes the model; a null folder draws new weights.</summary>
    /// <exception cref="ModelLoadException">Config or weights do not fit.</exception>
    Transformer Create(ModelConfig config, SafetensorsFolder? folder, LoadOptions options);
}
