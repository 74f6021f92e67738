using System.Diagnostics;
using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Benchmarks.Training.Real;

/// <summary>
/// Seconds that matrix products take on their own, by the kernels that a step uses. Products of one shape are timed once.
/// </summary>
internal sealed class ProductTimes
{
    private const int Rounds = 3;

    private readonly Dictionary<(long Rows, long Inputs, long Outputs), (double Forward, double Input, double Weight)> _known = [];

    /// <summary>Seconds of all products of a step.</summary>
    public double Of(IEnumerable<LinearProduct> products) => products.Sum(product =>
    {
        var (forward, input, weight) = Measured(product.Rows, product.Inputs, product.Outputs);
        return forward + (product.InputGradient ? input : 0) + (product.WeightGradient ? weight : 0);
    });

    private (double Forward, double Input, double Weight) Measured(long rows, long inputs, long outputs)
    {
        if (!_known.TryGetValue((rows, inputs, outputs), out var times))
        {
            using var scope = NewDisposeScope();
            using var off = no_grad();
            var (input, weight, gradient) = (randn(rows, inputs), randn(outputs, inputs), randn(rows, outputs));
            times = (
                Median(() => nn.functional.linear(input, weight)),
                Median(() => nn.functional.linear(gradient, weight.t())),
                Median(() => nn.functional.linear(gradient.t(), input.t())));
            _known.Add((rows, inputs, outputs), times);
        }

        return times;
    }

    private static double Median(Func<Tensor> product) => Statistics.Median(Enumerable.Range(0, Rounds).Select(_ =>
    {
        using var scope = NewDisposeScope();
        var start = Stopwatch.GetTimestamp();
        product();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }));
}
