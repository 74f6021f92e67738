using Sweeps.Models.Loading;
using Sweeps.Models.Safetensors;

namespace Sweeps.Models.Roberta;

/// <summary>Registers RoBERTa.</summary>
internal sealed class RobertaFamily : IModelFamily
{
    public const string Type = "roberta";

    public const string Prefix = "roberta.";

    public string ModelType => Type;

    public string? Classifier => "RobertaForSequenceClassification";

    public Transformer Create(ModelConfig config, SafetensorsFolder? folder, LoadOptions options) =>
        new RobertaModel(RobertaConfig.Read(config), new WeightBinder(folder, Prefix, options));

    public int MaxPositions(ModelConfig config) => RobertaConfig.MaxPositions(RobertaConfig.Read(config));

    public long? PadTokenId(ModelConfig config) => RobertaConfig.Read(config).PadTokenId;
}
