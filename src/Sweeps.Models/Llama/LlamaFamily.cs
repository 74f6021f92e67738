using Sweeps.Models.Decoders;
using Sweeps.Models.Loading;
using Sweeps.Models.Safetensors;

namespace Sweeps.Models.Llama;

/// <summary>Registers Llama.</summary>
internal sealed class LlamaFamily : IModelFamily
{
    public string ModelType => "llama";

    public string? Classifier => "LlamaForSequenceClassification";

    public string? Writer => "LlamaForCausalLM";

    public Transformer Create(ModelConfig config, SafetensorsFolder? folder, LoadOptions options) =>
        new DecoderModel(LlamaConfig.Read(config), new WeightBinder(folder, "model.", options));
}
