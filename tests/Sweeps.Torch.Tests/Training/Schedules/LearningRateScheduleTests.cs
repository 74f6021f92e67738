using Sweeps.Training.Schedules;
using Xunit;

namespace Sweeps.Torch.Tests.Training.Schedules;

/// <summary>Against the formulas of transformers' optimization.py.</summary>
public sealed class LearningRateScheduleTests
{
    [Theory]
    [InlineData(0, 0.0)]
    [InlineData(1, 0.5)]
    [InlineData(2, 1.0)]
    [InlineData(6, 0.5)]
    [InlineData(9, 0.125)]
    public void Linear_rises_from_zero_and_falls_to_zero(int step, double factor) =>
        Assert.Equal(2e-3 * factor, new LearningRateSchedule("linear", 2e-3, 2, 10).At(step), 15);

    [Theory]
    [InlineData(0, 0.0)]
    [InlineData(2, 1.0)]
    [InlineData(4, 0.85355339059327378)]
    [InlineData(6, 0.5)]
    [InlineData(10, 0.0)]
    public void Cosine_is_half_a_wave(int step, double factor) =>
        Assert.Equal(factor, new LearningRateSchedule("cosine", 1, 2, 10).At(step), 15);

    [Fact]
    public void Constant_stays_at_its_peak_and_without_warm_up_starts_there()
    {
        var schedule = new LearningRateSchedule("constant", 1, 0, 10);
        Assert.All(Enumerable.Range(0, 10), step => Assert.Equal(1, schedule.At(step)));
    }

    [Theory]
    [InlineData(0.05, 94, 5)]
    [InlineData(0.05, 100, 5)]
    [InlineData(0.0, 100, 0)]
    [InlineData(1.0, 100, 1)]
    [InlineData(30.0, 100, 30)]
    public void Warm_up_is_a_share_rounded_up_or_a_number_of_steps(double warmup, int total, int steps) =>
        Assert.Equal(steps, new LearningRateSchedule("cosine", 1, warmup, total).WarmupSteps);

    [Theory]
    [InlineData("cosine", 10, 1.0)]
    [InlineData("cosine", 15, 0.1 + (0.9 * 0.5))]
    [InlineData("linear", 15, 0.1 + (0.9 * 0.5))]
    [InlineData("1-sqrt", 15, 0.1 + (0.9 * 0.29289321881345254))]
    [InlineData("linear", 20, 0.1)]
    public void Warmup_stable_decay_has_a_plateau_and_ends_at_the_least_rate(string shape, int step, double factor)
    {
        var schedule = new LearningRateSchedule("warmup-stable-decay", 2, 4, 20, 0.5, shape, 0.1);
        Assert.Equal(2 * factor, schedule.At(step), 12);
        Assert.Equal(0.2, schedule.At(0), 12);
        Assert.Equal(2, schedule.At(4), 12);
        Assert.Equal(2, schedule.At(9), 12);
    }
}
