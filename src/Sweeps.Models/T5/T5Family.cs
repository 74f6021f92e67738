using Sweeps.Models.Loading;
using Sweeps.Models.Safetensors;

namespace Sweeps.Models.T5;

/// <summary>Registers T5 and FLAN-T5.</summary>
internal sealed class T5Family : IModelFamily
{
    public const string Type = "t5";

    public string ModelType => Type;

    public string? Writer => "T5ForConditionalGeneration";

    public Transformer Create(ModelConfig config, SafetensorsFolder? folder, LoadOptions options) =>
        new T5Model(T5Config.Read(config), new WeightBinder(folder, "", options));

    /// <summary>Positions are relative: no limit.</summary>
    public int MaxPositions(ModelConfig config) => int.MaxValue;
}
