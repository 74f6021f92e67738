using System.Text.Json;
using System.Text.Json.Nodes;
using Sweeps.Core.Json;
using Sweeps.Models.Methods.Lora;
using Sweeps.Models.Safetensors;
using Sweeps.Training.Recipes;
using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Training.Export;

/// <summary>
/// Writes a trained model so that Hugging Face tools read it: the whole model (config.json, model.safetensors) or, under
/// LoRA, a PEFT adapter (adapter_config.json, adapter_model.safetensors); with the tokenizer, and <c>sweeps.json</c>, the
/// trial's settings.
/// </summary>
public static class ModelExporter
{
    private static readonly string[] TokenizerFiles =
        ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt", "added_tokens.json", "tokenizer.model"];

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Exports a model.</summary>
    /// <param name="trained">The model.</param>
    /// <param name="folder">Where; made if need be.</param>
    /// <returns>The files written.</returns>
    /// <exception cref="TrainingException">Settings and base do not fit.</exception>
    /// <exception cref="InvalidDataException">The weights are not this trial's.</exception>
    public static IReadOnlyList<string> Export(TrainedModel trained, string folder)
    {
        ArgumentNullException.ThrowIfNull(trained);
        var (model, encoding) = trained.Load();
        using (model)
        {
            Directory.CreateDirectory(folder);
            var labels = encoding.Labels.Names;
            if (model.Method is LoraFineTuning lora)
            {
                WriteAdapter(trained, model, lora, folder);
            }
            else
            {
                WriteModel(trained, model, labels, folder);
            }
        }

        foreach (var name in TokenizerFiles.Where(name => File.Exists(Path.Combine(trained.BaseFolder, name))))
        {
            File.Copy(Path.Combine(trained.BaseFolder, name), Path.Combine(folder, name), overwrite: true);
        }

        WriteJson(Path.Combine(folder, "sweeps.json"), JsonSerializer.SerializeToNode(trained.Settings, SweepsJson.Options)!);
        return [.. Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal)];
    }

    private static void WriteModel(TrainedModel trained, TrialModel model, IReadOnlyList<string> labels, string folder)
    {
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(trained.BaseFolder, "config.json")))!.AsObject();
        var classifies = trained.Settings.Head is "linear" or "trimmed";
        config["architectures"] = new JsonArray(Architecture(model.Body.ModelType, classifies));
        config.Remove("torch_dtype");
        config["dtype"] = "float32";
        if (classifies)
        {
            config["id2label"] = new JsonObject(labels.Select((name, index) => KeyValuePair.Create($"{index}", (JsonNode?)name)));
            config["label2id"] = new JsonObject(labels.Select((name, index) => KeyValuePair.Create(name, (JsonNode?)index)));
            config["problem_type"] = "single_label_classification";
        }

        WriteJson(Path.Combine(folder, "config.json"), config);
        SafetensorsWriter.Save(
            Path.Combine(folder, "model.safetensors"),
            model.Body.Parameters.Concat(model.Head.Parameters).Select(parameter => KeyValuePair.Create(parameter.Name, parameter.Value)));
    }

    private static void WriteAdapter(TrainedModel trained, TrialModel model, LoraFineTuning lora, string folder)
    {
        var options = lora.Options;
        WriteJson(Path.Combine(folder, "adapter_config.json"), new JsonObject
        {
            ["base_model_name_or_path"] = trained.BaseFolder,
            ["bias"] = "none",
            ["fan_in_fan_out"] = false,
            ["inference_mode"] = true,
            ["init_lora_weights"] = true,
            ["layers_to_transform"] = options.FrozenLayers == 0 ? null
                : new JsonArray([.. Enumerable.Range(options.FrozenLayers, model.Body.LayerCount - options.FrozenLayers).Select(layer => (JsonNode?)layer)]),
            ["lora_alpha"] = options.Alpha,
            ["lora_dropout"] = options.Dropout,
            ["modules_to_save"] = model.Head.Parameters.Count == 0 ? null : new JsonArray("classifier", "score"),
            ["peft_type"] = "LORA",
            ["r"] = options.Rank,
            ["target_modules"] = new JsonArray([.. lora.TargetModules.Select(name => (JsonNode?)name)]),
            ["task_type"] = model.Head.Parameters.Count == 0 ? "CAUSAL_LM" : "SEQ_CLS",
            ["use_rslora"] = options.RankStabilised,
        });
        SafetensorsWriter.Save(
            Path.Combine(folder, "adapter_model.safetensors"),
            lora.AdapterParameters.Select(parameter => KeyValuePair.Create(parameter.Name, parameter.Value))
                .Concat(lora.HeadParameters.Select(parameter => KeyValuePair.Create("base_model.model." + parameter.Name, parameter.Value))));
    }

    private static string Architecture(string modelType, bool classifies) => (modelType, classifies) switch
    {
        ("gemma3_text", true) => "Gemma3TextForSequenceClassification",
        ("gemma3_text", false) => "Gemma3ForCausalLM",
        ("bert", _) => "BertForSequenceClassification",
        _ => throw new TrainingException(Core.States.FailureClass.BadSpec, $"a model of type {modelType} cannot be exported yet"),
    };

    private static void WriteJson(string path, JsonNode node) => File.WriteAllText(path, node.ToJsonString(Indented) + "\n");
}
