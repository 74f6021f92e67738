using System.Diagnostics;
using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Benchmarks.Training;

/// <summary>
/// The matrix products of a step's linear layers and nothing else, by the same kernels (F.linear): output, gradient of
/// the input, gradient of the weight, each product on operands of its own as in the step.
/// </summary>
internal sealed class MatrixProducts : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly List<Product> _products = [];

    public MatrixProducts(IEnumerable<(int Rows, Tensor Weight)> products)
    {
        using var off = no_grad();
        foreach (var (rows, weight) in products)
        {
            var (outputs, inputs) = (weight.shape[0], weight.shape[1]);
            var (input, gradient) = (randn(rows, inputs), randn(rows, outputs));
            _products.Add(new Product(input, weight, gradient, input.t(), weight.t(), gradient.t()));
            Operations += 6.0 * rows * inputs * outputs;
        }
    }

    /// <summary>Multiplications and additions of a pass.</summary>
    public double Operations { get; }

    /// <summary>Computes them all.</summary>
    /// <returns>Milliseconds by the clock on the wall, and of processor time.</returns>
    public (double Total, double Processor) Run()
    {
        using var off = no_grad();
        var processor = TrainerProcess.ThreadSeconds();
        var start = Stopwatch.GetTimestamp();
        foreach (var product in _products)
        {
            using var output = nn.functional.linear(product.Input, product.Weight);
        }

        // Backwards, as the step does: its operands have left the cache by then.
        for (var i = _products.Count - 1; i >= 0; i--)
        {
            var product = _products[i];
            using var ofInput = nn.functional.linear(product.Gradient, product.WeightT);
            using var ofWeight = nn.functional.linear(product.GradientT, product.InputT);
        }

        return (Stopwatch.GetElapsedTime(start).TotalMilliseconds, 1000 * (TrainerProcess.ThreadSeconds() - processor));
    }

    /// <inheritdoc/>
    public void Dispose() => _scope.Dispose();

    /// <summary>Operands of a layer's three products; those with a T are views, transposed.</summary>
    private sealed record Product(Tensor Input, Tensor Weight, Tensor Gradient, Tensor InputT, Tensor WeightT, Tensor GradientT);
}
