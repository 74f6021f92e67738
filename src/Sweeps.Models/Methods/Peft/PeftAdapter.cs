using System.Text.Json;
using System.Text.Json.Nodes;
using Sweeps.Models.Loading;
using Sweeps.Models.Safetensors;
using static TorchSharp.torch;

namespace Sweeps.Models.Methods.Peft;

/// <summary>
/// Saves and loads adapters as PEFT does: <c>adapter_config.json</c> and <c>adapter_model.safetensors</c> with the
/// trained tensors and the head. Source: peft save_and_load.py.
/// </summary>
public static class PeftAdapter
{
    private const string WeightsFile = "adapter_model.safetensors";
    private const string ConfigFile = "adapter_config.json";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>The version whose layout is written: readers warn when it is newer than theirs.</summary>
    private const string Version = "0.21.2";

    /// <summary>Writes both files into an existing folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="method">What was trained.</param>
    /// <param name="baseModel">Name or path of the base model, for <c>base_model_name_or_path</c>.</param>
    /// <param name="revision">Commit of the base model on the hub.</param>
    public static void Save(string folder, PeftMethod method, string? baseModel = null, string? revision = null)
    {
        File.WriteAllText(Path.Combine(folder, ConfigFile), ConfigText(method, baseModel, revision));
        SafetensorsWriter.Save(
            Path.Combine(folder, WeightsFile),
            method.Trainable.Select(parameter => KeyValuePair.Create(method.SavedName(parameter), parameter.Value)));
    }

    /// <summary>The text of adapter_config.json: every field that PEFT writes, in its order.</summary>
    public static string ConfigText(PeftMethod method, string? baseModel = null, string? revision = null)
    {
        var fields = method.PeftConfig();
        fields["auto_mapping"] = null;
        fields["base_model_name_or_path"] = baseModel;
        fields["inference_mode"] = true;
        fields["peft_version"] = Version;
        fields["revision"] = revision;
        var ordered = fields.OrderBy(field => field.Key, StringComparer.Ordinal)
            .Select(field => KeyValuePair.Create(field.Key, field.Value?.DeepClone()));
        return new JsonObject(ordered).ToJsonString(Indented);
    }

    /// <summary>Copies saved matrices and head into adapters of the same shape.</summary>
    /// <exception cref="ModelLoadException">A tensor is missing, unknown or of another shape.</exception>
    /// <exception cref="SafetensorsException">A broken file.</exception>
    public static void Load(string folder, PeftMethod method)
    {
        using var file = SafetensorsFile.Open(Path.Combine(folder, WeightsFile));
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var left = file.Tensors.Keys.ToHashSet(StringComparer.Ordinal);
        foreach (var parameter in method.Trainable)
        {
            var name = method.SavedName(parameter);
            if (!left.Remove(name))
            {
                throw new ModelLoadException($"{file.Path}: lacks tensor '{name}'; the adapter was made with other targets");
            }

            if (!file.Tensors[name].Shape.SequenceEqual(parameter.Value.shape))
            {
                throw new ModelLoadException(
                    $"{file.Path}: '{name}' has shape [{string.Join(", ", file.Tensors[name].Shape)}], expected "
                    + $"[{string.Join(", ", parameter.Value.shape)}]");
            }

            parameter.Value.copy_(file.Read(name));
        }

        if (left.Count > 0)
        {
            throw new ModelLoadException($"{file.Path}: tensor '{left.Min(StringComparer.Ordinal)}' has no place in this adapter");
        }
    }
}
