using Sweeps.Models.Ops;
using static TorchSharp.torch;

namespace Sweeps.Training.Tasks;

/// <summary>What tasks have in common: the tensors of a micro-batch live until its backward pass is done.</summary>
internal abstract class RowTask : ITrainingTask
{
    /// <inheritdoc/>
    public abstract IReadOnlyList<int> Lengths { get; }

    /// <inheritdoc/>
    public abstract double Weight(int row);

    /// <inheritdoc/>
    public double Backward(int[] rows, DropoutContext dropout, double divisor)
    {
        using var scope = NewDisposeScope();
        List<IDisposable> kept = [];
        try
        {
            var loss = Loss(rows, dropout, divisor, kept);
            loss.backward();
            return loss.item<float>();
        }
        finally
        {
            kept.ForEach(held => held.Dispose());
        }
    }

    /// <inheritdoc/>
    public double MeanLoss(int[] rows)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        List<IDisposable> kept = [];
        try
        {
            return Loss(rows, DropoutContext.None, rows.Sum(Weight), kept).item<float>();
        }
        finally
        {
            kept.ForEach(held => held.Dispose());
        }
    }

    /// <inheritdoc/>
    public virtual void Dispose()
    {
    }

    /// <summary>The weighted sum of the rows' losses divided by <paramref name="divisor"/>.</summary>
    /// <param name="rows">Row indexes.</param>
    /// <param name="dropout">Dropout of this micro-step.</param>
    /// <param name="divisor">Weight of all rows that the mean is taken over.</param>
    /// <param name="kept">Takes what the backward pass may still read: batches and their masks.</param>
    protected abstract Tensor Loss(int[] rows, DropoutContext dropout, double divisor, List<IDisposable> kept);
}
