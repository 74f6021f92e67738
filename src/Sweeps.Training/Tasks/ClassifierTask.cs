using Sweeps.Models.Ops;
using Sweeps.Training.Batches;
using Sweeps.Training.Inputs;
using Sweeps.Training.Recipes;
using static TorchSharp.torch;

namespace Sweeps.Training.Tasks;

/// <summary>Rows under a head that gives one score a class.</summary>
/// <param name="rows">The rows.</param>
/// <param name="loss">Their loss; freed with the task.</param>
/// <param name="padId">Id that fills short rows up.</param>
internal sealed class ClassifierTask(EncodedSplit rows, StepLoss loss, int padId) : RowTask
{
    /// <inheritdoc/>
    public override IReadOnlyList<int> Lengths => rows.Lengths;

    /// <inheritdoc/>
    public override double Weight(int row) => loss.Weight([rows.Labels[row]]);

    /// <inheritdoc/>
    public override void Dispose()
    {
        loss.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override Tensor Loss(int[] batchRows, DropoutContext dropout, double divisor, List<IDisposable> kept)
    {
        var batch = BatchBuilder.Pad([.. batchRows.Select(row => rows.Rows[row])], padId);
        kept.Add(batch);
        return loss.Of(batch, [.. batchRows.Select(row => (long)rows.Labels[row])], dropout, divisor);
    }
}
