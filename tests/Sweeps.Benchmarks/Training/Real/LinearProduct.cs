namespace Sweeps.Benchmarks.Training.Real;

/// <summary>The matrix products of one linear layer in a step: rows of its input times a matrix [outputs, inputs].</summary>
/// <param name="Rows">Tokens.</param>
/// <param name="Inputs">Width of the input.</param>
/// <param name="Outputs">Width of the output.</param>
/// <param name="InputGradient">Whether the gradient of the input is computed.</param>
/// <param name="WeightGradient">Whether the gradient of the matrix is computed.</param>
internal readonly record struct LinearProduct(long Rows, long Inputs, long Outputs, bool InputGradient, bool WeightGradient)
{
    /// <summary>Multiplications and additions of one of its products.</summary>
    public double OperationsOfOne => 2.0 * Rows * Inputs * Outputs;

    /// <summary>Multiplications and additions of all its products.</summary>
    public double Operations => OperationsOfOne * (1 + (InputGradient ? 1 : 0) + (WeightGradient ? 1 : 0));
}
