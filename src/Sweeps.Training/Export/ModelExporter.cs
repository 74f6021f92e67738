using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sweeps.Core.Json;
using Sweeps.Core.States;
using Sweeps.Models.Heads;
using Sweeps.Models.Loading;
using Sweeps.Models.Methods.Adapters;
using Sweeps.Models.Methods.Peft;
using Sweeps.Models.Safetensors;
using Sweeps.Training.Evaluation;
using Sweeps.Training.Export.Card;
using Sweeps.Training.Inputs;
using Sweeps.Training.Recipes;
using static TorchSharp.torch;

namespace Sweeps.Training.Export;

/// <summary>
/// Writes a trained model so that Hugging Face tools read it: the whole model (config.json, model.safetensors) or, under
/// adapters and virtual tokens, what PEFT loads (adapter_config.json, adapter_model.safetensors); with the tokenizer, a model
/// card (README.md) and <c>sweeps.json</c>, the trial's settings.
/// </summary>
public static class ModelExporter
{
    /// <summary>The folder of an adapter's base inside its export.</summary>
    internal const string BaseName = "base";

    private const string Config = "config.json";
    private const string PoolingField = "classifier_pooling";

    /// <summary>How a base that writes is meant to: what <c>generate</c> and pipelines read.</summary>
    private const string Generation = "generation_config.json";

    private static readonly string[] TokenizerFiles =
    [
        "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt", "vocab.json", "merges.txt",
        "added_tokens.json", "tokenizer.model", "spiece.model", "spm.model", "chat_template.jinja", "chat_template.json",
    ];

    private static readonly JsonSerializerOptions Indented =
        new() { WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Exports a model.</summary>
    /// <param name="trained">The model.</param>
    /// <param name="folder">Where; made if need be.</param>
    /// <param name="options">How; null: an adapter as an adapter, without its base.</param>
    /// <returns>The files written.</returns>
    /// <exception cref="TrainingException">Settings and base do not fit, or what was trained cannot be merged.</exception>
    /// <exception cref="InvalidDataException">The weights are not this trial's.</exception>
    public static IReadOnlyList<string> Export(TrainedModel trained, string folder, ExportOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(trained);
        options ??= new ExportOptions();
        var (model, encoding) = trained.Load();
        using (model)
        {
            if (options.Merge)
            {
                Merge(trained, model);
            }

            Directory.CreateDirectory(folder);
            var form = model.Method is not PeftMethod ? ExportForm.Whole : options.Merge ? ExportForm.Merged : ExportForm.Adapter;
            var identity = BaseIdentity.Of(trained.Settings.Base, trained.BaseFolder);
            var loadsAsUsual = true;
            string? pooling = null;
            if (form == ExportForm.Adapter)
            {
                var inside = options.WithBase;
                if (inside)
                {
                    CopyBase(trained, model, encoding, Path.Combine(folder, BaseName));
                }

                PeftAdapter.Save(
                    folder, (PeftMethod)model.Method, inside ? BaseName : identity.HubId ?? trained.BaseFolder, inside ? null : identity.Revision);
                pooling = IsUsual(model) ? null : ChosenPooling(ReadConfig(trained.BaseFolder), model);
                loadsAsUsual = (IsUsual(model) || pooling is not null) && ModelFamilies.Architecture(model.Body.ModelType, Classifies(model)) is not null;
            }
            else
            {
                loadsAsUsual = WriteModel(trained, model, encoding, folder);
            }

            WriteTokenizer(trained.BaseFolder, encoding, model, folder);
            WriteJson(
                Path.Combine(folder, "sweeps.json"),
                JsonSerializer.SerializeToNode(trained.Settings with { Base = Portable(trained.Settings.Base, identity) }, SweepsJson.Options)!);
            var facts = new CardFacts
            {
                Settings = trained.Settings,
                Base = identity,
                BaseFolder = trained.BaseFolder,
                HasBase = form == ExportForm.Adapter && options.WithBase,
                Form = form,
                Model = model,
                Encoding = encoding,
                LoadsAsUsual = loadsAsUsual,
                PoolingArgument = pooling,
                Generation = GenerationOf(trained.BaseFolder),
                Variants = (trained.Settings.Variants is null ? null : trained.State()?.Variants) ?? VariantFacts.None,
                Origin = options.Origin,
            };
            File.WriteAllText(Path.Combine(folder, "README.md"), ModelCard.Write(facts));
        }

        return [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
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
                FailureClass.BadSpec,
                $"virtual tokens (method {trained.Settings.Method}) cannot be folded into weights: export without --merge");
        }
    }

    /// <returns>Whether Transformers has a class that reads it as it was trained.</returns>
    private static bool WriteModel(TrainedModel trained, TrialModel model, TextEncoding encoding, string folder)
    {
        var config = ReadConfig(trained.BaseFolder);
        var loadsAsUsual = WriteArchitecture(config, model);
        config.Remove("torch_dtype");
        config["dtype"] = DtypeOf(model);
        if (!model.Body.IsQuantised)
        {
            config.Remove("quantization_config");
        }

        WriteTask(config, model, encoding);
        WriteJson(Path.Combine(folder, Config), config);
        if (!Classifies(model) && File.Exists(Path.Combine(trained.BaseFolder, Generation)))
        {
            File.Copy(Path.Combine(trained.BaseFolder, Generation), Path.Combine(folder, Generation), overwrite: true);
        }

        SafetensorsWriter.Save(
            Path.Combine(folder, "model.safetensors"),
            model.Body.Parameters.Concat(model.Head.Parameters).DistinctBy(parameter => parameter.Name).SelectMany(parameter => parameter.Stored()));
        return loadsAsUsual;
    }

    /// <summary>The base as it is, but for what its config.json says of the labels: a bare base is taken for one of two classes.</summary>
    private static void CopyBase(TrainedModel trained, TrialModel model, TextEncoding encoding, string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (var file in Directory.EnumerateFiles(trained.BaseFolder))
        {
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
        }

        var config = ReadConfig(trained.BaseFolder);
        WriteTask(config, model, encoding);
        WriteJson(Path.Combine(folder, Config), config);
    }

    /// <summary>What classifiers are told of their labels and of padding.</summary>
    private static void WriteTask(JsonObject config, TrialModel model, TextEncoding encoding)
    {
        if (!Classifies(model))
        {
            return;
        }

        var labels = encoding.Labels.Names;
        config["id2label"] = new JsonObject(labels.Select((name, index) => KeyValuePair.Create($"{index}", (JsonNode?)name)));
        config["label2id"] = new JsonObject(labels.Select((name, index) => KeyValuePair.Create(name, (JsonNode?)index)));
        config["problem_type"] = model.Head is MultiLabelHead ? "multi_label_classification" : "single_label_classification";
        if (model.Body.IsDecoder)
        {
            // Without it Transformers classifies one text at a time only.
            config["pad_token_id"] = ExportPadding.Id(model.Body, encoding.Tokenizer);
        }
    }

    /// <summary>
    /// Names the class that reads the model as it was trained. A head that reads another vector than the family's
    /// classifiers do has no such class, unless config.json can say which (ModernBERT).
    /// </summary>
    private static bool WriteArchitecture(JsonObject config, TrialModel model)
    {
        var asUsual = IsUsual(model);
        if (ChosenPooling(config, model) is { } chosen)
        {
            config[PoolingField] = chosen;
            asUsual = true;
        }

        config.Remove("architectures");
        if (asUsual && ModelFamilies.Architecture(model.Body.ModelType, Classifies(model)) is { } name)
        {
            config["architectures"] = new JsonArray(name);
            return true;
        }

        return false;
    }

    /// <summary>The pooling that a config.json with a field for it is to name; null where it has none.</summary>
    private static string? ChosenPooling(JsonObject config, TrialModel model) =>
        model.Head is LinearHead { Pooling: HeadPooling.Cls or HeadPooling.Mean } chosen && config.ContainsKey(PoolingField)
            ? chosen.Pooling == HeadPooling.Cls ? "cls" : "mean"
            : null;

    private static bool IsUsual(TrialModel model) =>
        model.Head is not LinearHead linear || linear.Pooling == model.Body.UsualPooling;

    private static bool Classifies(TrialModel model) => model.Head is LinearHead or TrimmedHead;

    /// <summary>The type of the written weights.</summary>
    private static string DtypeOf(TrialModel model) =>
        model.Body.Parameters.First(parameter => !parameter.IsPacked).Value.dtype == ScalarType.BFloat16 ? "bfloat16" : "float32";

    private static void WriteTokenizer(string from, TextEncoding encoding, TrialModel model, string folder)
    {
        foreach (var name in TokenizerFiles.Where(name => File.Exists(Path.Combine(from, name))))
        {
            File.Copy(Path.Combine(from, name), Path.Combine(folder, name), overwrite: true);
        }

        if (model.Body.IsDecoder)
        {
            ExportPadding.Write(model.Body, encoding.Tokenizer, folder);
        }
    }

    private static string Portable(string named, BaseIdentity identity) => identity.IsBuiltin ? named : identity.Name;

    private static JsonObject? GenerationOf(string folder)
    {
        var path = Path.Combine(folder, Generation);
        try
        {
            return File.Exists(path) ? JsonNode.Parse(File.ReadAllText(path)) as JsonObject : null;
        }
        catch (JsonException)
        {
            // Nothing of the model depends on it, and the copy is as the base's own.
            return null;
        }
    }

    private static JsonObject ReadConfig(string folder) =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(folder, Config)))!.AsObject();

    internal static void WriteJson(string path, JsonNode node) => File.WriteAllText(path, node.ToJsonString(Indented) + "\n");
}
