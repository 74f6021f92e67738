using Sweeps.Models.Loading;
using Sweeps.Models.Safetensors;

namespace Sweeps.Models.Bert;

/// <summary>Registers BERT.</summary>
internal sealed class BertFamily : IModelFamily
{
    public string ModelType => "bert";

    public Transformer Create(ModelConfig config, SafetensorsFolder? folder, LoadOptions options) =>
        new BertModel(BertConfig.Read(config), new WeightBinder(folder, "bert.", options));
}
