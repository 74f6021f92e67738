using Sweeps.Models.Loading;
using Sweeps.Models.Safetensors;

namespace Sweeps.Models.DebertaV3;

/// <summary>Registers DeBERTa-v3, whose files call themselves deberta-v2.</summary>
internal sealed class DebertaFamily : IModelFamily
{
    public const string Type = "deberta-v2";

    public string ModelType => Type;

    public string? Classifier => "DebertaV2ForSequenceClassification";

    public Transformer Create(ModelConfig config, SafetensorsFolder? folder, LoadOptions options) =>
        new DebertaModel(DebertaConfig.Read(config), new WeightBinder(folder, "deberta.", options));

    public int MaxPositions(ModelConfig config) => DebertaConfig.Read(config).MaxPositions;
}
