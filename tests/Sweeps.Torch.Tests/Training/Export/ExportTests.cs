using System.Text.Json;
using Sweeps.Core.Ids;
using Sweeps.Core.Spec;
using Sweeps.Models.Generation;
using Sweeps.Models.Heads;
using Sweeps.Models.Loading;
using Sweeps.Models.Ops;
using Sweeps.Models.Safetensors;
using Sweeps.Torch.Tests.Models;
using Sweeps.Training;
using Sweeps.Training.Export;
using Sweeps.Training.Predict;
using Xunit;
using static TorchSharp.torch;

namespace Sweeps.Torch.Tests.Training.Export;

/// <summary>What others read of a trained model, and what it says of a text.</summary>
public sealed class ExportTests : IDisposable
{
    private readonly TrialWorkplace _place = new();

    public void Dispose() => _place.Dispose();

    [Fact]
    public void A_full_model_becomes_a_classification_folder_that_loads_again()
    {
        var trained = Train("bert", TrialWorkplace.Settings with { Epochs = 1 });
        var folder = _place["export"];
        ModelExporter.Export(trained, folder);
        using var config = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "config.json")));
        Assert.Equal("BertForSequenceClassification", config.RootElement.GetProperty("architectures")[0].GetString());
        Assert.Equal("Average", config.RootElement.GetProperty("id2label").GetProperty("1").GetString());
        Assert.True(File.Exists(Path.Combine(folder, "tokenizer.json")));
        using var weights = SafetensorsFile.Open(Path.Combine(folder, "model.safetensors"));
        Assert.Contains("bert.encoder.layer.1.output.dense.weight", weights.Tensors.Keys);
        Assert.Equal([3L, 32L], weights.Tensors["classifier.weight"].Shape);
        using var again = Sweeps.Models.Loading.ModelFamilies.Load(folder);
        Assert.Equal(2, again.LayerCount);
    }

    [Theory]
    [InlineData("bert", "mean", null)]
    [InlineData("roberta", "auto", "RobertaForSequenceClassification")]
    [InlineData("modernbert", "mean", "ModernBertForSequenceClassification")]
    [InlineData("deberta", "auto", "DebertaV2ForSequenceClassification")]
    public void A_classifier_loads_again_with_its_head_and_gives_the_same_scores(string model, string pooling, string? architecture)
    {
        var trained = Train(model, TrialWorkplace.Settings with { Epochs = 1, Pooling = pooling });
        var folder = _place["export"];
        ModelExporter.Export(trained, folder);
        using var config = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "config.json")));
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var (original, _) = trained.Load();
        using var owned = original;
        using var batch = TinyModels.Batch();
        using var weights = SafetensorsFolder.Open(folder);
        using var again = ModelFamilies.Load(folder);
        using var head = new LinearHead(again, 3, new LoadOptions(), weights, pooling == "mean" ? HeadPooling.Mean : null);

        Assert.Equal(
            architecture,
            config.RootElement.TryGetProperty("architectures", out var names) ? names[0].GetString() : null);
        Assert.Equal(model == "modernbert" ? HeadPooling.Mean : HeadPooling.Pooled, again.UsualPooling);
        Assert.True(
            head.Scores(again, batch, DropoutContext.None).equal(original.Logits(batch, DropoutContext.None)).all().item<bool>());
    }

    [Fact]
    public void An_encoder_decoder_loads_again_and_writes_the_same()
    {
        var trained = Train("t5", TrialWorkplace.Settings with { Epochs = 1, Head = "generate" });
        var folder = _place["export"];
        ModelExporter.Export(trained, folder);
        using var config = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "config.json")));
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var (original, _) = trained.Load();
        using var owned = original;
        using var batch = TinyModels.Batch();
        using var again = ModelFamilies.Load(folder);
        var options = new GenerationOptions { MaxNewTokens = 8 };

        Assert.Equal("T5ForConditionalGeneration", config.RootElement.GetProperty("architectures")[0].GetString());
        Assert.Equal(
            GreedyGeneration.Run(original.Body, batch, options).Select(text => text.Tokens),
            GreedyGeneration.Run(again, batch, options).Select(text => text.Tokens));
    }

    [Fact]
    public void A_lora_model_becomes_a_peft_adapter()
    {
        var trained = Train("gemma3", TrialWorkplace.Lora with { Epochs = 1, FrozenLayers = 1 });
        var folder = _place["export"];
        ModelExporter.Export(trained, folder);
        using var config = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "adapter_config.json")));
        Assert.Equal((4, 8.0, "SEQ_CLS"), (
            config.RootElement.GetProperty("r").GetInt32(),
            config.RootElement.GetProperty("lora_alpha").GetDouble(),
            config.RootElement.GetProperty("task_type").GetString()));
        using var weights = SafetensorsFile.Open(Path.Combine(folder, "adapter_model.safetensors"));
        Assert.Contains("base_model.model.model.layers.1.self_attn.q_proj.lora_A.weight", weights.Tensors.Keys);
        Assert.Contains("base_model.model.score.weight", weights.Tensors.Keys);
        Assert.DoesNotContain(weights.Tensors.Keys, name => name.Contains("layers.0.", StringComparison.Ordinal));
    }

    [Fact]
    public void A_prediction_has_a_probability_for_each_label_and_asks_for_every_column()
    {
        using var predictor = Predictor.Load(Train("gemma3", TrialWorkplace.Settings with { Epochs = 1 }));
        var prediction = predictor.Predict(
            ["audience=mostly students", "brand=now espresso", "creative=just video", "platform=still radio", "geography=10001 10025"]);
        Assert.Equal(["Under", "Average", "Over"], prediction.Probabilities.Keys);
        Assert.Equal(1, prediction.Probabilities.Values.Sum(), 1e-5);
        Assert.Equal(prediction.Probabilities.MaxBy(pair => pair.Value).Key, prediction.Label);
        var error = Assert.Throws<Sweeps.Data.DataException>(() => predictor.Predict(["audience=mostly students"]));
        Assert.Contains("no value for brand, creative, platform, geography", error.Message, StringComparison.Ordinal);
    }

    private TrainedModel Train(string model, TrialSettings settings)
    {
        var link = new RecordingLink();
        TrialWorkplace.Run(_place.Assign(model, JobId.Train("s", 1), 1, settings), link);
        return new TrainedModel(settings, _place[model], link.Offers[^1].Checkpoint!.Directory);
    }
}
