namespace Sweeps.Models.Methods.Lora;

/// <summary>Names of tensors in PEFT's adapter_model.safetensors.</summary>
public static class PeftNames
{
    private const string Prefix = "base_model.model.";

    /// <summary>The name under which PEFT saves an adapter matrix or a head's weight.</summary>
    public static string Saved(NamedParameter parameter) =>
        parameter.Name.StartsWith(Prefix, StringComparison.Ordinal) ? parameter.Name : Prefix + parameter.Name;
}
