using Sweeps.Models.Decoders;
using Sweeps.Models.Loading;
using Sweeps.Models.Safetensors;

namespace Sweeps.Models.Mistral;

/// <summary>Registers Mistral.</summary>
internal sealed class MistralFamily : IModelFamily
{
    public string ModelType => "mistral";

    public string? Classifier => "MistralForSequenceClassification";

    public string? Writer => "MistralForCausalLM";

    public Transformer Create(ModelConfig config, SafetensorsFolder? folder, LoadOptions options) =>
        new DecoderModel(MistralConfig.Read(config), new WeightBinder(folder, "model.", options));
}
