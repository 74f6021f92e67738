using System.Text.Json;
using System.Text.Json.Nodes;
using Sweeps.Core.Json;
using Sweeps.Models.Heads;
using Sweeps.Models.Loading;
using Sweeps.Models.Methods.Adapters;
using Sweeps.Models.Methods.Peft;
using Sweeps.Models.Safetensors;
using Sweeps.Training.Recipes;
using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Training.Export;

/// <summary>
/// Writes a trained model so that Hugging Face tools read it: the whole model (config.json, model.safetensors) or, under
/// adapters and virtual tokens, what PEFT loads (adapter_config.json, adapter_model.safetensors); with the tokenizer, and
/// <c>sweeps.json</c>, the trial's settings.
/// </summary>
public static class ModelExporter
{
    private static readonly string[] TokenizerFiles =
        ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt", "added_tokens.json", "tokenizer.model", "chat_template.jinja"];

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Exports a model.</summary>
    /// <param name="trained">The model.</param>
    /// <param name="folder">Where; made if need be.</param>
    /// <param name="merge">Whether an adapter is folded into the weights, so that the whole model is written.</param>
    /// <returns>The files written.</returns>
    /// <exception cref="TrainingException">Settings and base do not fit.</exception>
    /// <exception cref="InvalidDataException">The weights are not this trial's.</exception>
    public static IReadOnlyList<string> Export(TrainedModel trained, string folder, bool merge = false)
    {
        ArgumentNullException.ThrowIfNull(trained);
        var (model, encoding) = trained.Load();
        using (model)
        {
            Directory.CreateDirectory(folder);
            var labels = encoding.Labels.Names;
            if (merge)
            {
                Merge(trained, model);
            }

            if (model.Method is PeftMethod adapter && !merge)
            {
                PeftAdapter.Save(folder, adapter, trained.BaseFolder);
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

    private static void Merge(TrainedModel trained, TrialModel model)
    {
        if (model.Method is AdapterFineTuning adapters)
        {
            model.Body.Dequantise();
            adapters.Merge();
        }
        else if (model.Method is PeftMethod)
        {
            throw new TrainingException(
                Core.States.FailureClass.BadSpec,
                $"virtual tokens (method {trained.Settings.Method}) cannot be folded into weights: export without merging");
        }
    }

    private static void WriteModel(TrainedModel trained, TrialModel model, IReadOnlyList<string> labels, string folder)
    {
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(trained.BaseFolder, "config.json")))!.AsObject();
        var classifies = trained.Settings.Head is "linear" or "trimmed";
        WriteArchitecture(config, model, classifies);
        config.Remove("torch_dtype");
        config["dtype"] = "float32";
        if (!model.Body.IsQuantised)
        {
            config.Remove("quantization_config");
        }

        if (classifies)
        {
            config["id2label"] = new JsonObject(labels.Select((name, index) => KeyValuePair.Create($"{index}", (JsonNode?)name)));
            config["label2id"] = new JsonObject(labels.Select((name, index) => KeyValuePair.Create(name, (JsonNode?)index)));
            config["problem_type"] = trained.Settings.Data.IsMultiLabel ? "multi_label_classification" : "single_label_classification";
        }

        WriteJson(Path.Combine(folder, "config.json"), config);
        SafetensorsWriter.Save(
            Path.Combine(folder, "model.safetensors"),
            model.Body.Parameters.Concat(model.Head.Parameters).SelectMany(parameter => parameter.Stored()));
    }

    /// <summary>
    /// Names the class that reads the model as it was trained. A head that reads another vector than the family's
    /// classifiers do has no such class, unless config.json can say which (ModernBERT).
    /// </summary>
    private static void WriteArchitecture(JsonObject config, TrialModel model, bool classifies)
    {
        var asUsual = model.Head is not LinearHead linear || linear.Pooling == model.Body.UsualPooling;
        if (model.Head is LinearHead { Pooling: HeadPooling.Cls or HeadPooling.Mean } chosen && config.ContainsKey("classifier_pooling"))
        {
            config["classifier_pooling"] = chosen.Pooling == HeadPooling.Cls ? "cls" : "mean";
            asUsual = true;
        }

        config.Remove("architectures");
        if (asUsual && ModelFamilies.Architecture(model.Body.ModelType, classifies) is { } name)
        {
            config["architectures"] = new JsonArray(name);
        }
    }

    private static void WriteJson(string path, JsonNode node) => File.WriteAllText(path, node.ToJsonString(Indented) + "\n");
}
