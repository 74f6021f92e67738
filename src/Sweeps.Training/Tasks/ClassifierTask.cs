using Sweeps.Models;
using Sweeps.Models.Heads;
using Sweeps.Models.Ops;
using Sweeps.Training.Batches;
using Sweeps.Training.Inputs;
using static TorchSharp.torch;

namespace Sweeps.Training.Tasks;

/// <summary>Rows under a head that gives one score a class; the head knows its targets and how losses are weighted.</summary>
/// <param name="model">The model; not owned.</param>
/// <param name="head">Its head; not owned.</param>
/// <param name="rows">The rows.</param>
/// <param name="padId">Id that fills short rows up.</param>
internal sealed class ClassifierTask(Transformer model, ClassifierHead head, EncodedSplit rows, int padId) : RowTask
{
    /// <inheritdoc/>
    public override IReadOnlyList<int> Lengths => rows.Lengths;

    /// <inheritdoc/>
    public override double Weight(int row) => head.Weight(head.Targets([rows.Labels[row]]));

    /// <inheritdoc/>
    protected override Tensor Loss(int[] batchRows, DropoutContext dropout, double divisor, List<IDisposable> kept)
    {
        var batch = BatchBuilder.Pad([.. batchRows.Select(row => rows.Rows[row])], padId);
        kept.Add(batch);
        var labels = head.Targets([.. batchRows.Select(row => rows.Labels[row])]);
        return head.Loss(model, head.Hidden(model, batch, dropout), batch, labels, dropout, divisor);
    }
}
