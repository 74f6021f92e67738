using System.Text.Json.Nodes;

namespace Sweeps.Models.Methods.Peft;

/// <summary>A method whose trained weights PEFT can save apart from the model.</summary>
public abstract class PeftMethod : TrainingMethod
{
    private const string Prefix = "base_model.model.";

    private protected PeftMethod()
    {
    }

    /// <summary>The name of a trained weight in adapter_model.safetensors.</summary>
    public virtual string SavedName(NamedParameter parameter) =>
        parameter.Name.StartsWith(Prefix, StringComparison.Ordinal) ? parameter.Name : Prefix + parameter.Name;

    /// <summary>
    /// What adapter_config.json holds beside the fields that every method has (see <see cref="PeftAdapter"/>), as PEFT 0.21
    /// writes it.
    /// </summary>
    internal abstract JsonObject PeftConfig();

    /// <exception cref="ArgumentException">The model is no decoder.</exception>
    private protected static void RefuseEncoder(Transformer model, string method)
    {
        if (!model.IsDecoder)
        {
            throw new ArgumentException(
                $"method {method} needs a decoder; {model.ModelType} is none: use lora, dora, qlora, head-only or full");
        }
    }
}
