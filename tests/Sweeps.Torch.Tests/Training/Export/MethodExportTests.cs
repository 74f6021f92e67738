using System.Text.Json;
using Sweeps.Core.Ids;
using Sweeps.Core.Spec;
using Sweeps.Models;
using Sweeps.Models.Heads;
using Sweeps.Models.Loading;
using Sweeps.Models.Methods.Peft;
using Sweeps.Models.Ops;
using Sweeps.Models.Safetensors;
using Sweeps.Torch.Tests.Models;
using Sweeps.Training;
using Sweeps.Training.Export;
using Sweeps.Training.Recipes;
using Xunit;
using static TorchSharp.torch;

namespace Sweeps.Torch.Tests.Training.Export;

/// <summary>What each method exports, and that it gives the trial's own scores when loaded again.</summary>
public sealed class MethodExportTests : IDisposable
{
    private readonly TrialWorkplace _place = new();

    public void Dispose() => _place.Dispose();

    [Theory]
    [InlineData("rslora", "LORA")]
    [InlineData("dora", "LORA")]
    [InlineData("qlora", "LORA")]
    [InlineData("ia3", "IA3")]
    [InlineData("prefix", "PREFIX_TUNING")]
    [InlineData("prompt", "PROMPT_TUNING")]
    public void A_peft_folder_gives_the_trials_scores_on_a_fresh_base(string method, string kind)
    {
        var trained = Train(method);
        var folder = _place["export"];
        ModelExporter.Export(trained, folder);
        using var config = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "adapter_config.json")));
        Assert.Equal(kind, config.RootElement.GetProperty("peft_type").GetString());
        Assert.Equal("SEQ_CLS", config.RootElement.GetProperty("task_type").GetString());

        var (model, encoding) = trained.Load();
        using (model)
        {
            using var fresh = TrialModel.Build(trained.Settings, trained.BaseFolder, encoding.Labels, encoding.Tokenizer);
            PeftAdapter.Load(folder, (PeftMethod)fresh.Method);
            Assert.Equal(Scores(model.Body, model.Head), Scores(fresh.Body, fresh.Head));
        }
    }

    [Theory]
    [InlineData("lora")]
    [InlineData("dora")]
    [InlineData("qlora")]
    [InlineData("ia3")]
    public void A_merged_folder_is_a_plain_model_with_the_trials_scores(string method)
    {
        var trained = Train(method);
        var folder = _place["export"];
        ModelExporter.Export(trained, folder, new ExportOptions { Merge = true });
        Assert.False(File.Exists(Path.Combine(folder, "adapter_config.json")));

        using var weights = SafetensorsFolder.Open(folder);
        using var plain = ModelFamilies.Load(folder);
        using var head = new LinearHead(plain, 3, new LoadOptions(), weights);
        var (model, _) = trained.Load();
        using (model)
        {
            Assert.False(plain.IsQuantised);
            Assert.All(Scores(model.Body, model.Head).Zip(Scores(plain, head)), pair => Assert.Equal(pair.First, pair.Second, 2e-5f));
        }
    }

    [Fact]
    public void Virtual_tokens_cannot_be_merged()
    {
        var trained = Train("prompt");

        var error = Assert.Throws<TrainingException>(() => ModelExporter.Export(trained, _place["export"], new ExportOptions { Merge = true }));

        Assert.Contains("export without --merge", error.Message, StringComparison.Ordinal);
    }

    private static float[] Scores(Transformer body, ClassifierHead head)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        using var batch = TinyModels.Batch();
        return head.Scores(body, batch, DropoutContext.None).data<float>().ToArray();
    }

    private TrainedModel Train(string method)
    {
        var settings = TrialWorkplace.Settings with { Method = method, Epochs = 1, VirtualTokens = 4 };
        if (MethodTraits.IsLowRank(method))
        {
            settings = settings with { Rank = 4, LoraDropout = 0.1, TargetModules = ["q_proj", "down_proj"] };
        }

        var link = new RecordingLink();
        TrialWorkplace.Run(_place.Assign("gemma3", JobId.Train("s", 1), 1, settings), link);
        return new TrainedModel(settings, _place["gemma3"], link.Offers[^1].Checkpoint!.Directory);
    }
}
