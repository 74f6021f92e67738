using Sweeps.Models.Decoders;
using Sweeps.Models.Loading;

namespace Sweeps.Models.Mistral;

/// <summary>
/// As Llama without biases, with a window in every layer unless <c>sliding_window</c> is null or missing. Source:
/// transformers, configuration_mistral.py.
/// </summary>
internal static class MistralConfig
{
    /// <summary>Reads config.json in either layout.</summary>
    public static DecoderConfig Read(ModelConfig config)
    {
        var rope = RopeSettings.Read(config, 10_000);
        var window = config.Has("sliding_window") ? config.Whole("sliding_window") : 0;
        return DecoderFields.Read(config, "mistral", null, 8, 131_072, tied: false, ("hidden_act", GateActivation.Silu)) with
        {
            Layers = [.. Enumerable.Repeat(new DecoderLayer(window, rope), config.Whole("num_hidden_layers"))],
        };
    }
}
