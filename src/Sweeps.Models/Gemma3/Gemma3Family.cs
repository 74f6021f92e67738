using Sweeps.Models.Decoders;
using Sweeps.Models.Loading;
using Sweeps.Models.Safetensors;

namespace Sweeps.Models.Gemma3;

/// <summary>Registers Gemma 3 (text).</summary>
internal sealed class Gemma3Family : IModelFamily
{
    public string ModelType => "gemma3_text";

    public string? Classifier => "Gemma3TextForSequenceClassification";

    public string? Writer => "Gemma3ForCausalLM";

    public Transformer Create(ModelConfig config, SafetensorsFolder? folder, LoadOptions options) =>
        new DecoderModel(Gemma3Config.Read(config), new WeightBinder(folder, "model.", options));
}
