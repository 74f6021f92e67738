using Sweeps.Models.Loading;
using Sweeps.Models.Safetensors;

namespace Sweeps.Models.Bert;

/// <summary>Registers BERT.</summary>
internal sealed class BertFamily : IModelFamily
{
    public const string Type = "bert";

    public const string Prefix = "bert.";

    public string ModelType => Type;

    public string? Classifier => "BertForSequenceClassification";

    public Transformer Create(ModelConfig config, SafetensorsFolder? folder, LoadOptions options) =>
        new BertModel(BertConfig.Read(config), new WeightBinder(folder, Prefix, options));
}
