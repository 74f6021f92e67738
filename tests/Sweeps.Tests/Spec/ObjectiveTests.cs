using Sweeps.Core.Spec;
using Xunit;

namespace Sweeps.Tests.Spec;

public sealed class ObjectiveTests
{
    [Theory]
    [InlineData("macro_f1", true, 0.5)]
    [InlineData("accuracy", true, 0.7)]
    [InlineData("loss", false, 1.5)]
    public void It_reads_its_metric(string metric, bool maximize, double expected) =>
        Assert.Equal(expected, new Objective(metric, maximize).Of(0.5, 0.7, 1.5));

    [Fact]
    public void What_is_no_number_is_no_value()
    {
        Assert.Null(new Objective("loss", false).Of(0.5, 0.7, double.NaN));
        Assert.Null(new Objective("loss", false).Of(0.5, 0.7, null));
        Assert.False(new Objective("loss", false).IsBetter(double.NaN, null));
        Assert.Throws<ArgumentException>(() => new Objective("recall", true).Of(1, 1, 1));
    }

    [Theory]
    [InlineData(true, 0.5, 0.6, 0.4, "after")]
    [InlineData(false, 0.5, 0.6, 0.4, "zero")]
    [InlineData(true, 0.6, 0.6, 0.6, "plain")]
    [InlineData(true, double.NaN, 0.2, 0.2, "after")]
    public void The_best_decision_is_the_plain_one_unless_another_does_better(bool maximize, double plain, double after, double zero, string expected)
    {
        var objective = new Objective("macro_f1", maximize);
        (string Name, double Value)[] decisions = [("zero", zero), ("after", after), ("plain", plain)];

        var best = objective.Best(decisions.Select(d => Tuple.Create(d.Name, d.Value)), d => d.Item1, d => objective.Of(d.Item2, 0, 0));

        Assert.Equal(expected, best!.Item1);
    }

    [Fact]
    public void Without_a_value_there_is_no_best() =>
        Assert.Null(new Objective("loss", false).Best([Tuple.Create("plain", double.NaN)], d => d.Item1, d => new Objective("loss", false).Of(0, 0, d.Item2)));
}
