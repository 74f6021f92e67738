using Sweeps.Core.Spec;
using Sweeps.Training.Loop;
using Xunit;

namespace Sweeps.Torch.Tests.Training.Loop;

/// <summary>Where a run is evaluated and when it ends.</summary>
public sealed class LoopTests
{
    [Theory]
    [InlineData(0, 0, "4 8 12")]
    [InlineData(0, 10, "4 8 10")]
    [InlineData(0, 100, "4 8 12")]
    [InlineData(5, 0, "5 10 12")]
    [InlineData(3, 7, "3 6 7")]
    public void Evaluations_follow_epochs_or_steps_and_always_the_end(int every, int most, string expected)
    {
        var plan = LoopPlan.Of(40, TrialWorkplace.Settings with { BatchSize = 10, EvaluateSteps = every, MaxSteps = most });

        var steps = Enumerable.Range(1, plan.TotalSteps).Where(plan.EvaluatesAfter);

        Assert.Equal(expected, string.Join(' ', steps));
    }

    [Theory]
    [InlineData(2, 0, true, "0.5 0.6 0.6 0.55", 4)]
    [InlineData(2, 0, true, "0.5 0.4 0.6 0.6 0.6", 5)]
    [InlineData(1, 0, false, "0.5 0.4 0.4", 3)]
    [InlineData(2, 0.1, true, "0.5 0.55 0.58 0.9", 3)]
    [InlineData(2, 0.1, false, "0.9 0.7 0.65 0.64", 4)]
    [InlineData(0, 0, true, "0.5 0.4 0.3 0.2 0.1", 0)]
    public void Evaluations_without_a_gain_end_the_run(int patience, double delta, bool maximize, string values, int stopsAt)
    {
        var stopping = new EarlyStopping(patience, delta);
        var objective = new Objective("accuracy", maximize);
        var (without, stopped) = (0, 0);
        double? best = null;
        foreach (var (index, text) in values.Split(' ').Index())
        {
            var value = double.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
            without = stopping.Count(without, value, best, objective);
            best = objective.IsBetter(value, best) ? value : best;
            if (stopping.Ends(without))
            {
                stopped = index + 1;
                break;
            }
        }

        Assert.Equal(stopsAt, stopped);
    }
}
