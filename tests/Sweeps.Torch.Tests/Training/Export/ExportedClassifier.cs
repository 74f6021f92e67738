using System.Globalization;
using System.Text.Json;
using Sweeps.Data.Tokenizers;
using Sweeps.Models;
using Sweeps.Models.Heads;
using Sweeps.Models.Loading;
using Sweeps.Models.Methods.Adapters;
using Sweeps.Models.Methods.Lora;
using Sweeps.Models.Methods.Peft;
using Sweeps.Models.Ops;
using Sweeps.Models.Safetensors;
using Sweeps.Training.Batches;
using static TorchSharp.torch;

namespace Sweeps.Torch.Tests.Training.Export;

/// <summary>
/// A classifier read from an export as any Hugging Face folder is: from its config.json, safetensors and tokenizer, or from
/// adapter_config.json over a base. Nothing of the trial is known to it.
/// </summary>
internal sealed class ExportedClassifier : IDisposable
{
    private readonly Transformer _body;
    private readonly LinearHead _head;
    private readonly LoraFineTuning? _lora;

    private ExportedClassifier(string folder, Transformer body, LinearHead head, LoraFineTuning? lora, IReadOnlyList<string> labels)
    {
        _body = body;
        _head = head;
        _lora = lora;
        Labels = labels;
        Tokenizer = TokenizerLoader.Load(folder);
    }

    /// <summary>As config.json names them.</summary>
    public IReadOnlyList<string> Labels { get; }

    public ITokenizer Tokenizer { get; }

    public static ExportedClassifier Load(string folder)
    {
        var adapter = Path.Combine(folder, "adapter_config.json");
        var isAdapter = File.Exists(adapter);
        var model = isAdapter ? Path.Combine(folder, Read(adapter).GetProperty("base_model_name_or_path").GetString()!) : folder;
        var labels = Read(Path.Combine(model, "config.json")).GetProperty("id2label").EnumerateObject()
            .OrderBy(label => int.Parse(label.Name, CultureInfo.InvariantCulture))
            .Select(label => label.Value.GetString()!)
            .ToList();
        using var weights = SafetensorsFolder.Open(model);
        var body = ModelFamilies.Load(model, new LoadOptions { WithOutput = false });
        var head = new LinearHead(body, labels.Count, new LoadOptions(), weights);
        return new ExportedClassifier(folder, body, head, isAdapter ? Adapt(folder, Read(adapter), body, head) : null, labels);
    }

    /// <summary>Logits [texts, labels] of a batch padded on the right.</summary>
    public float[][] Logits(IReadOnlyList<int[]> ids)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        using var batch = BatchBuilder.Pad([.. ids], Tokenizer.PadId ?? 0);
        var flat = _head.Scores(_body, batch, DropoutContext.None).data<float>().ToArray();
        return [.. flat.Chunk(Labels.Count)];
    }

    public void Dispose()
    {
        _lora?.Dispose();
        _head.Dispose();
        _body.Dispose();
    }

    private static LoraFineTuning Adapt(string folder, JsonElement config, Transformer body, LinearHead head)
    {
        var lora = new LoraFineTuning(body, head.Parameters, new LoraOptions
        {
            Rank = config.GetProperty("r").GetInt32(),
            Alpha = config.GetProperty("lora_alpha").GetDouble(),
            RankStabilised = config.GetProperty("use_rslora").GetBoolean(),
            WeightDecomposed = config.GetProperty("use_dora").GetBoolean(),
            Targets = TargetModules.Named([.. config.GetProperty("target_modules").EnumerateArray().Select(name => name.GetString()!)]),
        });
        PeftAdapter.Load(folder, lora);
        return lora;
    }

    private static JsonElement Read(string file)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(file));
        return document.RootElement.Clone();
    }
}
