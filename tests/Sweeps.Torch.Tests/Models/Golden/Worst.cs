using Xunit;

namespace Sweeps.Torch.Tests.Models.Golden;

/// <summary>
/// Collects differences of one kind and prints the worst beside its tolerance, so that a table can be made of a run.
/// </summary>
internal sealed class Worst(string what, double tolerance)
{
    private double worst;
    private string where = "";
    private int count;

    /// <summary>Absolute difference.</summary>
    public void Absolute(double expected, double actual, string at) => Add(Math.Abs(expected - actual), expected, actual, at);

    /// <summary>Relative difference, with a floor of 0.01 on the reference.</summary>
    public void Relative(double expected, double actual, string at) =>
        Add(Math.Abs(expected - actual) / Math.Max(Math.Abs(expected), 0.01), expected, actual, at);

    /// <summary>Fails when nothing was compared or something differs by more than the tolerance.</summary>
    public void Check()
    {
        Assert.True(count > 0, $"{what}: nothing was compared");
        TestContext.Current.TestOutputHelper?.WriteLine($"{what}: worst {worst:g3} of {tolerance:g3} allowed, {count} values");
        Assert.True(worst <= tolerance, $"{what} differs by {worst:g3}, above {tolerance:g3}: {where}");
    }

    private void Add(double error, double expected, double actual, string at)
    {
        count++;

        // A difference that is not a number is the worst of all.
        if (!(error <= worst))
        {
            worst = double.IsNaN(error) ? double.PositiveInfinity : error;
            where = $"{at}: expected {expected}, got {actual}";
        }
    }
}
