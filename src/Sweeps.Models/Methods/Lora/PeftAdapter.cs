using System.Text.Json;
using System.Text.Json.Nodes;
using Sweeps.Models.Loading;
using Sweeps.Models.Safetensors;
using static TorchSharp.torch;

namespace Sweeps.Models.Methods.Lora;

/// <summary>
/// Saves and loads adapters as PEFT does: <c>adapter_config.json</c> and <c>adapter_model.safetensors</c> with the
/// adapters' matrices and the head. Source: peft save_and_load.py.
/// </summary>
public static class PeftAdapter
{
    private const string WeightsFile = "adapter_model.safetensors";
    private const string ConfigFile = "adapter_config.json";
    private const string Prefix = "base_model.model.";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>The name under which PEFT saves an adapter matrix or a head's weight.</summary>
    public static string NameOf(NamedParameter parameter) =>
        parameter.Name.StartsWith(Prefix, StringComparison.Ordinal) ? parameter.Name : Prefix + parameter.Name;

    /// <summary>Writes both files into an existing folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="model">Decides the task type.</param>
    /// <param name="method">The adapters.</param>
    /// <param name="baseModel">Name or path of the base model, for <c>base_model_name_or_path</c>.</param>
    public static void Save(string folder, Transformer model, LoraFineTuning method, string? baseModel = null)
    {
        var options = method.Options;
        var heads = method.HeadParameters.Select(parameter => parameter.Name.Split('.')[0]).Distinct().ToArray();
        var config = new JsonObject
        {
            ["base_model_name_or_path"] = baseModel,
            ["bias"] = "none",
            ["fan_in_fan_out"] = false,
            ["inference_mode"] = true,
            ["init_lora_weights"] = true,
            ["layers_to_transform"] = options.FrozenLayers == 0
                ? null
                : new JsonArray([.. Enumerable.Range(0, model.LayerCount).Skip(options.FrozenLayers).Select(k => (JsonNode)k)]),
            ["lora_alpha"] = options.Alpha,
            ["lora_dropout"] = options.Dropout,
            ["modules_to_save"] = heads.Length == 0 ? null : new JsonArray([.. heads.Select(name => (JsonNode)name)]),
            ["peft_type"] = "LORA",
            ["r"] = options.Rank,
            ["target_modules"] = new JsonArray([.. method.TargetModules.Select(name => (JsonNode)name)]),
            ["task_type"] = heads.Length > 0 ? "SEQ_CLS" : "CAUSAL_LM",
            ["use_dora"] = false,
            ["use_rslora"] = options.RankStabilised,
        };
        File.WriteAllText(Path.Combine(folder, ConfigFile), config.ToJsonString(Indented) + "\n");
        SafetensorsWriter.Save(
            Path.Combine(folder, WeightsFile),
            method.Trainable.Select(parameter => KeyValuePair.Create(NameOf(parameter), parameter.Value)));
    }

    /// <summary>Copies saved matrices and head into adapters of the same shape.</summary>
    /// <exception cref="ModelLoadException">A tensor is missing, unknown or of another shape.</exception>
    /// <exception cref="SafetensorsException">A broken file.</exception>
    public static void Load(string folder, LoraFineTuning method)
    {
        using var file = SafetensorsFile.Open(Path.Combine(folder, WeightsFile));
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var left = file.Tensors.Keys.ToHashSet(StringComparer.Ordinal);
        foreach (var parameter in method.Trainable)
        {
            var name = NameOf(parameter);
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
