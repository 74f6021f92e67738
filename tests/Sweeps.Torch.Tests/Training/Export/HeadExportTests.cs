using System.Text.Json;
using Sweeps.Core.Ids;
using Sweeps.Core.Spec;
using Sweeps.Models.Heads;
using Sweeps.Models.Loading;
using Sweeps.Models.Methods.Peft;
using Sweeps.Models.Ops;
using Sweeps.Models.Safetensors;
using Sweeps.Torch.Tests.Models;
using Sweeps.Training;
using Sweeps.Training.Export;
using Sweeps.Training.Inputs;
using Sweeps.Training.Recipes;
using Xunit;
using static TorchSharp.torch;

namespace Sweeps.Torch.Tests.Training.Export;

/// <summary>What each head exports, whole, merged and as an adapter, and that it gives the trial's own scores when loaded again.</summary>
public sealed class HeadExportTests : IDisposable
{
    private readonly TrialWorkplace _place = new();

    public void Dispose() => _place.Dispose();

    [Theory]
    [InlineData("linear", "full", false)]
    [InlineData("linear", "lora", true)]
    [InlineData("trimmed", "full", false)]
    [InlineData("trimmed", "lora", true)]
    [InlineData("label-tokens", "full", false)]
    [InlineData("label-tokens", "lora", true)]
    [InlineData("generate", "full", false)]
    [InlineData("generate", "lora", true)]
    public void A_whole_model_is_a_plain_folder_with_the_trials_scores(string head, string method, bool merge)
    {
        var trained = Train(head, method);
        var folder = _place["export"];
        ModelExporter.Export(trained, folder, new ExportOptions { Merge = merge });
        using var config = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "config.json")));
        var classifies = head is "linear" or "trimmed";

        Assert.False(File.Exists(Path.Combine(folder, "adapter_config.json")));
        Assert.Equal(
            classifies ? "Gemma3TextForSequenceClassification" : "Gemma3ForCausalLM",
            config.RootElement.GetProperty("architectures")[0].GetString());
        Assert.Equal(classifies, config.RootElement.TryGetProperty("id2label", out _));
        var (model, encoding) = trained.Load();
        using (model)
        {
            using var weights = SafetensorsFolder.Open(folder);
            using var plain = ModelFamilies.Load(folder);
            using var again = HeadOf(head, trained.Settings, plain, encoding, weights);
            Assert.All(
                Scores(model).Zip(Scores(plain, again)),
                pair => Assert.Equal(pair.First, pair.Second, merge ? 2e-5f : 0f));
        }
    }

    [Theory]
    [InlineData("linear", "SEQ_CLS")]
    [InlineData("trimmed", "SEQ_CLS")]
    [InlineData("label-tokens", "CAUSAL_LM")]
    [InlineData("generate", "CAUSAL_LM")]
    public void An_adapter_and_its_base_are_all_that_is_needed(string head, string task)
    {
        var trained = Train(head, "lora");
        var folder = _place["export"];
        ModelExporter.Export(trained, folder, new ExportOptions { WithBase = true });
        using var config = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "adapter_config.json")));
        using var baseConfig = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "base", "config.json")));

        Assert.Equal(task, config.RootElement.GetProperty("task_type").GetString());
        Assert.Equal("base", config.RootElement.GetProperty("base_model_name_or_path").GetString());
        Assert.Equal(task == "SEQ_CLS", baseConfig.RootElement.TryGetProperty("id2label", out _));
        Assert.Equal(
            File.ReadAllBytes(Path.Combine(trained.BaseFolder, "model.safetensors")),
            File.ReadAllBytes(Path.Combine(folder, "base", "model.safetensors")));
        var (model, encoding) = trained.Load();
        using (model)
        {
            using var fresh = TrialModel.Build(trained.Settings, Path.Combine(folder, "base"), encoding.Labels, encoding.Tokenizer);
            PeftAdapter.Load(folder, (PeftMethod)fresh.Method);
            Assert.Equal(Scores(model), Scores(fresh));
        }
    }

    private static float[] Scores(TrialModel model) => Scores(model.Body, model.Head);

    private static float[] Scores(Sweeps.Models.Transformer body, ClassifierHead head)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        using var batch = TinyModels.Batch();
        return head.Scores(body, batch, DropoutContext.None).data<float>().ToArray();
    }

    private static ClassifierHead HeadOf(
        string head, TrialSettings settings, Sweeps.Models.Transformer body, TextEncoding encoding, SafetensorsFolder weights)
    {
        // A trimmed head is a sequence classifier's to whoever reads the folder.
        if (head is "linear" or "trimmed")
        {
            return new LinearHead(body, 3, new LoadOptions(), weights);
        }

        var texts = LabelTokens.Of(settings, encoding.Tokenizer, encoding.Chat);
        return head == "generate"
            ? new GenerateHead(body, texts, LabelTokens.End(encoding.Tokenizer, encoding.Chat), encoding.Labels.Names)
            : new LabelTokensHead(body, [.. texts.Select(label => label[0][0])]);
    }

    private TrainedModel Train(string head, string method)
    {
        var settings = TrialWorkplace.Settings with { Method = method, Head = head, Epochs = 1 };
        if (method == "lora")
        {
            settings = settings with { Rank = 4, TargetModules = ["q_proj", "down_proj"] };
        }

        var link = new RecordingLink();
        TrialWorkplace.Run(_place.Assign("gemma3", JobId.Train("s", 1), 1, settings), link);
        return new TrainedModel(settings, _place["gemma3"], link.Offers[^1].Checkpoint!.Directory);
    }
}
