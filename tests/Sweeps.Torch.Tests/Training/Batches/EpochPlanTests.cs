using Sweeps.Training.Batches;
using Xunit;

namespace Sweeps.Torch.Tests.Training.Batches;

/// <summary>The order of rows.</summary>
public sealed class EpochPlanTests
{
    [Fact]
    public void Every_row_comes_once_an_epoch_in_an_order_of_seed_and_epoch()
    {
        int[] lengths = [.. Enumerable.Range(0, 1003).Select(row => 5 + (row * 7919 % 40))];
        var plan = EpochPlan.Of(lengths, 16, seed: 4, epoch: 2);
        Assert.Equal(Enumerable.Range(0, 1003), plan.SelectMany(rows => rows).Order());
        Assert.Equal(63, plan.Length);
        Assert.Single(plan, rows => rows.Length == 11);
        Assert.Equal(plan, EpochPlan.Of(lengths, 16, 4, 2));
        Assert.NotEqual(plan, EpochPlan.Of(lengths, 16, 4, 3));
        Assert.NotEqual(plan, EpochPlan.Of(lengths, 16, 5, 2));
    }

    [Fact]
    public void Rows_of_a_batch_have_like_lengths()
    {
        int[] lengths = [.. Enumerable.Range(0, 1024).Select(row => 5 + (row * 7919 % 40))];
        double Waste(IEnumerable<int[]> plan) => plan.Sum(rows => rows.Sum(row => rows.Max(other => lengths[other]) - lengths[row])) / (double)lengths.Sum();
        Assert.InRange(Waste(EpochPlan.Of(lengths, 16, 1, 0)), 0, 0.06);
        Assert.InRange(Waste(Enumerable.Range(0, 1024).Chunk(16)), 0.3, 1);
    }

    [Theory]
    [InlineData(3000, 32, 1, 94)]
    [InlineData(3000, 32, 4, 24)]
    [InlineData(32, 32, 1, 1)]
    [InlineData(1, 32, 8, 1)]
    public void The_short_last_group_steps_too(int rows, int batch, int accumulation, int steps) =>
        Assert.Equal(steps, EpochPlan.StepsPerEpoch(rows, batch, accumulation));
}
