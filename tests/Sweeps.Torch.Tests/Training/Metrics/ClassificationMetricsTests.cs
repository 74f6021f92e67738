using System.Text.Json;
using Sweeps.Core.Spec;
using Sweeps.Data.Metrics;
using Sweeps.Torch.Tests.Models;
using Sweeps.Training.Metrics;
using Xunit;

namespace Sweeps.Torch.Tests.Training.Metrics;

/// <summary>The numbers that scikit-learn gives.</summary>
public sealed class ClassificationMetricsTests
{
    [Fact]
    public void F1_and_accuracy_by_hand()
    {
        var metrics = ClassificationMetrics.Of([0, 0, 1, 1, 1, 2], [0, 1, 1, 1, 0, 1], 4);
        Assert.Equal(0.5, metrics.Accuracy);
        Assert.Equal([0.5, 4.0 / 7, 0, 0], metrics.F1);
        Assert.Equal((0.5 + (4.0 / 7)) / 4, metrics.MacroF1, 15);
    }

    [Fact]
    public void Sets_of_labels_by_hand()
    {
        var metrics = ClassificationMetrics.Of([[0, 1], [], [1], [0, 2]], [[0], [], [1, 2], [0, 2]], 4);
        Assert.Equal(0.5, metrics.Accuracy);
        Assert.Equal([1, 2.0 / 3, 2.0 / 3, 0], metrics.F1);
        Assert.Equal((1 + (4.0 / 3)) / 4, metrics.MacroF1, 15);
        Assert.Equal(2.0 * 4 / (5 + 5), metrics.MicroF1, 15);
        Assert.Throws<ArgumentException>(() => ClassificationMetrics.Of([[0]], [], 2));
    }

    [Fact]
    [Trait("Category", "Golden")]
    public void Every_case_of_scikit_learn_with_several_labels_a_row()
    {
        using var golden = JsonDocument.Parse(File.ReadAllText(SharedFiles.Golden("search/metrics_multilabel.json")));
        var cases = golden.RootElement.GetProperty("cases").EnumerateArray().ToList();
        Assert.NotEmpty(cases);
        foreach (var one in cases)
        {
            int[][] Read(string name, double threshold) => [.. one.GetProperty(name).EnumerateArray().Select(row =>
                row.EnumerateArray().Index().Where(cell => cell.Item.GetDouble() >= threshold).Select(cell => cell.Index).ToArray())];
            var (truth, scores, predicted) = (Read("y_true", 1), Read("scores", 0.5), Read("y_pred", 1));
            if (one.GetProperty("why").GetString()!.StartsWith("threshold 0.5", StringComparison.Ordinal))
            {
                Assert.Equal(predicted, scores);
            }

            var metrics = ClassificationMetrics.Of(truth, predicted, one.GetProperty("y_true")[0].GetArrayLength());

            var expected = one.GetProperty("expect");
            Assert.Equal(expected.GetProperty("subset_accuracy").GetDouble(), metrics.Accuracy, 1e-9);
            Assert.Equal(expected.GetProperty("macro").GetProperty("f1").GetDouble(), metrics.MacroF1, 1e-9);
            Assert.Equal(expected.GetProperty("micro").GetProperty("f1").GetDouble(), metrics.MicroF1, 1e-9);
            var f1 = expected.GetProperty("per_label").GetProperty("f1").EnumerateArray().Select(value => value.GetDouble()).ToList();
            Assert.Equal(f1.Count, metrics.F1.Count);
            Assert.All(f1.Zip(metrics.F1), pair => Assert.Equal(pair.First, pair.Second, 1e-9));
        }
    }

    [Fact]
    public void Every_case_of_scikit_learn()
    {
        using var golden = JsonDocument.Parse(File.ReadAllText(SharedFiles.Golden("search/metrics_hard.json")));
        var checkedCases = 0;
        foreach (var one in golden.RootElement.GetProperty("cases").EnumerateArray())
        {
            var labels = one.GetProperty("labels").EnumerateArray().Select(label => label.ToString()).ToList();
            int[] Read(string name) => [.. one.GetProperty(name).EnumerateArray().Select(label => labels.IndexOf(label.ToString()))];
            var (truth, predicted) = (Read("y_true"), Read("y_pred"));
            if (predicted.Contains(-1) || one.TryGetProperty("sample_weight", out _))
            {
                // Predictions outside the labels and weights of rows do not exist here.
                continue;
            }

            var metrics = ClassificationMetrics.Of(truth, predicted, labels.Count);
            var expected = one.GetProperty("expect").GetProperty("given_labels");
            Assert.Equal(one.GetProperty("expect").GetProperty("accuracy").GetDouble(), metrics.Accuracy, 1e-9);
            Assert.Equal(expected.GetProperty("macro").GetProperty("f1").GetDouble(), metrics.MacroF1, 1e-9);
            var f1 = expected.GetProperty("f1").EnumerateArray().Select(value => value.GetDouble());
            Assert.All(f1.Zip(metrics.F1), pair => Assert.Equal(pair.First, pair.Second, 1e-9));
            checkedCases++;
        }

        Assert.InRange(checkedCases, 12, 30);
    }

    [Theory]
    [InlineData(true, 0.5, 0.5, false)]
    [InlineData(true, 0.51, 0.5, true)]
    [InlineData(false, 0.5, 0.5, false)]
    [InlineData(false, 0.49, 0.5, true)]
    public void Only_strictly_better_beats_the_best(bool maximize, double value, double best, bool expected)
    {
        var objective = new Objective("loss", maximize);
        Assert.Equal(expected, objective.IsBetter(value, best));
        Assert.True(objective.IsBetter(value, null));
    }

    [Fact]
    public void Balanced_weights_are_inverse_to_frequency_with_mean_one()
    {
        var settings = TrialWorkplace.Settings with { ClassWeights = "balanced" };
        var weights = ClassWeighting.Resolve(settings, [10, 40, 20], 70)!;
        Assert.Equal(1, weights.Average(), 1e-6);
        Assert.Equal(4, weights[0] / weights[1], 1e-5);
        Assert.Equal(2, weights[0] / weights[2], 1e-5);
        Assert.Null(ClassWeighting.Resolve(TrialWorkplace.Settings, [1, 2, 3], 6));
    }

    [Fact]
    public void Balanced_weights_of_several_labels_are_rows_without_over_rows_with()
    {
        var settings = TrialWorkplace.Tags with { ClassWeights = "balanced" };
        Assert.Equal([9f, 1f, 0.25f, 0.01f], ClassWeighting.Resolve(settings, [10, 50, 80, 100], 100)!);
        Assert.Equal([3f, 1f, 2f, 5f], ClassWeighting.Resolve(settings with { ClassWeights = "custom", CustomClassWeights = [3, 1, 2, 5] }, [1, 2, 3, 4], 10)!);
    }
}
