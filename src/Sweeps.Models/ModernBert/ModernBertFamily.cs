using Sweeps.Models.Loading;
using Sweeps.Models.Safetensors;

namespace Sweeps.Models.ModernBert;

/// <summary>Registers ModernBERT.</summary>
internal sealed class ModernBertFamily : IModelFamily
{
    public const string Type = "modernbert";

    public string ModelType => Type;

    public string? Classifier => "ModernBertForSequenceClassification";

    public Transformer Create(ModelConfig config, SafetensorsFolder? folder, LoadOptions options) =>
        new ModernBertModel(ModernBertConfig.Read(config), new WeightBinder(folder, "model.", options));

    public int MaxPositions(ModelConfig config) => ModernBertConfig.Read(config).MaxPositions;
}
