using Sweeps.Models.Decoders;
using Sweeps.Models.Loading;
using Sweeps.Models.Safetensors;

namespace Sweeps.Models.Qwen3;

/// <summary>Registers Qwen 3.</summary>
internal sealed class Qwen3Family : IModelFamily
{
    public string ModelType => "qwen3";

    public string? Classifier => "Qwen3ForSequenceClassification";

    public string? Writer => "Qwen3ForCausalLM";

    public Transformer Create(ModelConfig config, SafetensorsFolder? folder, LoadOptions options) =>
        new DecoderModel(Qwen3Config.Read(config), new WeightBinder(folder, "model.", options));
}
