using Sweeps.Core.Spec;
using Sweeps.Training.Evaluation;
using Xunit;

namespace Sweeps.Torch.Tests.Training.Evaluation;

public sealed class ScoreVariantTests
{
    private static readonly float[][] Scores = [[1, 2, -4], [3, -1, -2], [-1, -2, -3]];

    [Fact]
    public void Factors_multiply_and_make_negative_scores_less_likely()
    {
        var changed = ScoreVariant.Apply(new VariantSettings { Name = "boost", MultiplyLogit = [2.5, 1, 2.5] }, Scores, VariantFacts.None);

        Assert.Equal([2.5, 2, -10], changed[0]);
        Assert.Equal([0, 0, 1], ScoreVariant.Decide(changed));
        Assert.Equal([1, 0, 0], ScoreVariant.Decide(ScoreVariant.Apply(new VariantSettings { Name = "plain one" }, Scores, VariantFacts.None)));
    }

    [Fact]
    public void Logarithms_of_shares_are_added()
    {
        var changed = ScoreVariant.Apply(new VariantSettings { Name = "prior", AddLogPrior = -2 }, Scores, new VariantFacts { Priors = [0.5, 0.25, 0.25] });

        Assert.Equal(1 - (2 * Math.Log(0.5)), changed[0][0], 12);
        Assert.Equal(-4 - (2 * Math.Log(0.25)), changed[0][2], 12);
    }

    [Fact]
    public void A_temperature_divides_and_does_not_change_decisions()
    {
        var plain = ScoreVariant.Apply(new VariantSettings { Name = "x" }, Scores, VariantFacts.None);
        var cooled = ScoreVariant.Apply(new VariantSettings { Name = "x", Temperature = 4 }, Scores, VariantFacts.None);

        Assert.Equal(0.25, cooled[0][0]);
        Assert.Equal(ScoreVariant.Decide(plain), ScoreVariant.Decide(cooled));
    }

    [Fact]
    public void The_fitted_temperature_has_the_least_loss()
    {
        var random = new Random(4);
        var truth = Enumerable.Range(0, 400).Select(_ => random.Next(3)).ToArray();
        // Scores that are three times too sure of themselves.
        double[][] scores = [.. truth.Select(label => Enumerable.Range(0, 3)
            .Select(one => 3 * ((one == label ? 1.2 : 0) + (2 * random.NextDouble()))).ToArray())];

        var fitted = ScoreVariant.FitTemperature(scores, truth);

        double LossAt(double temperature) =>
            ScoreVariant.Loss([.. scores.Select(row => row.Select(score => score / temperature).ToArray())], truth);
        Assert.InRange(fitted, 0.2, 20);
        Assert.True(LossAt(fitted) < LossAt(1));
        Assert.True(LossAt(fitted) <= LossAt(fitted * 1.02));
        Assert.True(LossAt(fitted) <= LossAt(fitted / 1.02));
    }
}
