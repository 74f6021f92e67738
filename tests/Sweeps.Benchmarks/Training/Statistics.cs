namespace Sweeps.Benchmarks.Training;

/// <summary>What tables say of a few measurements.</summary>
internal static class Statistics
{
    /// <summary>The middle value; the mean of the two in the middle when they are even in number.</summary>
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
