using System.Text.Json;
using Sweeps.Core.Ids;
using Sweeps.Core.Spec;
using Sweeps.Core.States;
using Sweeps.Core.Trainer;
using Sweeps.Data.Campaigns;
using Sweeps.Data.Facts;
using Sweeps.Data.Metrics;
using Sweeps.Data.Readers;
using Sweeps.Models.Heads;
using Sweeps.Models.Loading;
using Sweeps.Models.Ops;
using Sweeps.Models.Safetensors;
using Sweeps.Torch.Tests.Models;
using Sweeps.Training;
using Sweeps.Training.Evaluation;
using Sweeps.Training.Export;
using Sweeps.Training.Predict;
using Xunit;
using static TorchSharp.torch;

namespace Sweeps.Torch.Tests.Training.Recipes;

/// <summary>Whole attempts on rows with any number of labels; resuming is in <see cref="ResumeTests"/>.</summary>
public sealed class MultiLabelTests : IDisposable
{
    private static readonly TrialSettings Learns = TrialWorkplace.Tags with { Epochs = 6, LearningRate = 5e-3 };

    private readonly TrialWorkplace _place = new(train: 600, validation: 100, test: 60);

    public void Dispose() => _place.Dispose();

    [Theory]
    [InlineData("gemma3", "none", "auto", 14, 6e-3)]
    [InlineData("bert", "none", "mean", 12, 3e-3)]
    [InlineData("modernbert", "none", "mean", 14, 4e-3)]
    [InlineData("t5", "none", "auto", 8, 1e-2)]
    public void Labels_that_follow_from_words_are_learnt(string model, string weights, string pooling, int epochs, double rate)
    {
        var link = new RecordingLink();
        var settings = TrialWorkplace.Tags with { ClassWeights = weights, Pooling = pooling, Epochs = epochs, LearningRate = rate };

        Assert.IsType<DoneFrame>(TrialWorkplace.Run(_place.Assign(model, JobId.Train("s", 1), 1, settings), link));

        var best = link.Offers.SelectMany(offer => offer.Evaluations).MaxBy(evaluation => evaluation.MacroF1)!;
        var truth = Truth("validation");
        int[][] always = [.. truth.Select(_ => (int[])[0, 1, 2, 3])];
        var guess = ClassificationMetrics.Of(truth, always, 4).MacroF1;
        Assert.True(best.MacroF1 > guess + 0.25 && best.MacroF1 > 0.8, $"macro F1 {best.MacroF1:0.000}, of naming all labels {guess:0.000}");
        Assert.True(best.Accuracy > 0.6, $"accuracy {best.Accuracy:0.000}");
        Assert.Equal(settings.Data.Labels, best.F1.Keys);
        Assert.Equal(best.MacroF1, best.F1.Values.Average(), 12);
        Assert.InRange(best.MicroF1!.Value, 0.8, 1);
        var losses = link.Offers.SelectMany(offer => offer.Evaluations).Select(evaluation => evaluation.Loss).ToList();
        Assert.True(losses[^1] < losses[0] / 1.5, string.Join(' ', losses));
    }

    [Fact]
    public void What_is_predicted_one_by_one_scores_as_the_test_split_does()
    {
        var trained = Train("gemma3", Learns, out var link);
        var test = new RecordingLink();
        Assert.IsType<DoneFrame>(TrialWorkplace.Run(
            _place.Assign("gemma3", new JobId("s", JobKind.Evaluate, 1), 1, trained.Settings, link.Offers), test));
        var scored = Assert.Single(Assert.Single(test.Offers).Evaluations);
        var labels = trained.Settings.Data.Labels.ToList();

        using var predictor = Predictor.Load(trained);
        var table = DataReader.Read(_place["test.csv"]);
        int[][] predicted = [.. table.Rows.Select(row =>
        {
            var prediction = predictor.Predict([.. CampaignWords.Attributes.Select(attribute => $"{attribute}={row[attribute]}")]);
            Assert.Null(prediction.Label);
            Assert.Equal(prediction.Probabilities.Where(pair => pair.Value >= 0.5).Select(pair => pair.Key), prediction.Labels!);
            return prediction.Labels!.Select(label => labels.IndexOf(label)).ToArray();
        })];
        var metrics = ClassificationMetrics.Of(Truth("test"), predicted, labels.Count);

        Assert.Equal((metrics.Accuracy, metrics.MacroF1, metrics.MicroF1), (scored.Accuracy, scored.MacroF1, scored.MicroF1));
        var byFile = FileScorer.Score(trained, _place["test.csv"], (_, _) => { });
        Assert.Equal(predicted.Select(set => string.Join('|', set.Select(label => labels[label]))), byFile.Predictions[0]);
        Assert.Equal((scored.Accuracy, scored.MacroF1, scored.MicroF1), (byFile.Evaluations[0].Accuracy, byFile.Evaluations[0].MacroF1, byFile.Evaluations[0].MicroF1));
        Assert.True(predicted.Select(set => set.Length).Distinct().Count() > 1);
    }

    [Fact]
    public void An_export_says_what_it_is_and_gives_the_same_scores()
    {
        var trained = Train("bert", TrialWorkplace.Tags with { Epochs = 1 }, out _);
        var folder = _place["export"];
        ModelExporter.Export(trained, folder);
        using var config = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "config.json")));
        using var sweeps = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "sweeps.json")));
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var (original, _) = trained.Load();
        using var owned = original;
        using var batch = TinyModels.Batch();
        using var weights = SafetensorsFolder.Open(folder);
        using var again = ModelFamilies.Load(folder);
        using var head = new MultiLabelHead(again, 4, new LoadOptions(), weights);

        Assert.Equal("multi_label_classification", config.RootElement.GetProperty("problem_type").GetString());
        Assert.Equal("BertForSequenceClassification", config.RootElement.GetProperty("architectures")[0].GetString());
        Assert.Equal("rare", config.RootElement.GetProperty("id2label").GetProperty("3").GetString());
        Assert.Equal("|", sweeps.RootElement.GetProperty("data").GetProperty("label_separator").GetString());
        Assert.True(head.Scores(again, batch, DropoutContext.None).equal(original.Logits(batch, DropoutContext.None)).all().item<bool>());
    }

    [Fact]
    public void Temperature_and_prior_are_scored_beside_the_plain_decision()
    {
        var link = new RecordingLink();
        var settings = Learns with
        {
            Epochs = 3,
            Variants =
            [
                new VariantSettings { Name = "calibrated", FitsTemperature = true },
                new VariantSettings { Name = "all", AddLogPrior = -100 },
                new VariantSettings { Name = "as it is", Temperature = 1 },
            ],
        };

        TrialWorkplace.Run(_place.Assign("bert", JobId.Train("s", 1), 1, settings), link);

        var of = link.Offers[^1].Evaluations.ToDictionary(evaluation => evaluation.Variant);
        Assert.Equal(of["plain"].MacroF1, of["calibrated"].MacroF1);
        Assert.True(of["calibrated"].Loss <= of["plain"].Loss + 1e-6, $"{of["calibrated"].Loss} {of["plain"].Loss}");
        Assert.Equal(of["plain"].Loss, of["as it is"].Loss, 1e-5);
        Assert.Equal(of["plain"].Accuracy, of["as it is"].Accuracy);

        // The odds of the rare label are far below 1 in the training rows: with so much of them taken off it is always named.
        Assert.Equal(2.0 * Truth("validation").Count(set => set.Contains(3)) / (100 + Truth("validation").Count(set => set.Contains(3))), of["all"].F1["rare"], 12);
    }

    [Fact]
    public void A_preflight_runs_and_other_heads_are_refused()
    {
        var link = new RecordingLink();
        Assert.IsType<DoneFrame>(TrialWorkplace.Run(_place.Assign("gemma3", new JobId("s", JobKind.Preflight, 1), 1, TrialWorkplace.Tags), link));
        Assert.True(Assert.Single(link.Offers).StepSeconds > 0);

        var failed = Assert.IsType<FailedFrame>(TrialWorkplace.Run(
            _place.Assign("gemma3", JobId.Train("s", 1), 1, TrialWorkplace.Tags with { Head = "label-tokens" }), new RecordingLink()));
        Assert.Equal(FailureClass.BadSpec, failed.Failure);
        Assert.Contains("use head linear", failed.Message, StringComparison.Ordinal);
    }

    private TrainedModel Train(string model, TrialSettings settings, out RecordingLink link)
    {
        link = new RecordingLink();
        Assert.IsType<DoneFrame>(TrialWorkplace.Run(_place.Assign(model, JobId.Train("s", 1), 1, settings), link));
        return new TrainedModel(settings, _place[model], link.Offers[^1].Checkpoint!.Directory);
    }

    private int[][] Truth(string split)
    {
        var table = DataReader.Read(_place[$"{split}.csv"]);
        var labels = LabelSet.Declared(TrialWorkplace.Tags.Data.Labels, "|");
        return [.. table.Rows.Select(row => labels.IndexesOf(table, row, "tags"))];
    }
}
