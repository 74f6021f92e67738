using Sweeps.Core.Spec;
using Sweeps.Training.Evaluation;
using Xunit;
using static TorchSharp.torch;

namespace Sweeps.Torch.Tests.Training.Evaluation;

/// <summary>What scores say where labels are independent of each other.</summary>
public sealed class ManyLabelsRuleTests
{
    private static readonly double[][] Scores = [[2, -1, 0], [-0.5, 0.25, -3], [-1, -2, -0.1]];
    private static readonly int[][] Truth = [[0, 1], [], [2]];

    private readonly ManyLabelsRule _rule = new();

    [Fact]
    public void Labels_as_likely_as_not_are_named() => Assert.Equal([[0, 2], [1], []], _rule.Decide(Scores));

    [Fact]
    public void Probabilities_are_sigmoids() =>
        Assert.Equal([1 / (1 + Math.Exp(-2)), 0.5, 0], _rule.Probabilities([2, 0, -1e9]));

    [Fact]
    public void The_loss_is_torchs_binary_cross_entropy()
    {
        using var scope = NewDisposeScope();
        var targets = tensor(new double[,] { { 1, 1, 0 }, { 0, 0, 0 }, { 0, 0, 1 } });
        var expected = nn.functional.binary_cross_entropy_with_logits(tensor(Scores.SelectMany(row => row).ToArray(), [3, 3]), targets);

        Assert.Equal(expected.item<double>(), _rule.Loss(Scores, Truth), 1e-12);
        Assert.Equal(1000, _rule.Loss([[1000, -1000]], [[1]]), 1e-9);
    }

    [Fact]
    public void The_fitted_temperature_is_the_best_of_all()
    {
        var fitted = _rule.FitTemperature(Scores, Truth);
        double LossAt(double temperature) => _rule.Loss([.. Scores.Select(row => row.Select(score => score / temperature).ToArray())], Truth);

        Assert.InRange(fitted, 0.01, 100);
        Assert.All((double[])[fitted * 0.9, fitted * 1.1, 1], other => Assert.True(LossAt(fitted) < LossAt(other)));
    }

    [Fact]
    public void Priors_are_odds_and_minus_one_evens_them_out()
    {
        double[] priors = [_rule.Prior(25, 100), _rule.Prior(50, 100), _rule.Prior(100, 100)];
        var changed = ScoreVariant.Apply(new VariantSettings { Name = "evened", AddLogPrior = -1 }, [[0f, 0f, 0f]], new VariantFacts { Priors = priors });

        Assert.Equal([1.0 / 3, 1, 100], priors);
        Assert.Equal([Math.Log(3), 0, -Math.Log(100)], changed[0].Select(value => Math.Round(value, 12)), (expected, found) => Math.Abs(expected - found) < 1e-9);
    }
}
