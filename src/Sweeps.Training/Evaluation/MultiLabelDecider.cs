using Sweeps.Models.Heads;
using Sweeps.Models.Ops;
using Sweeps.Training.Batches;
using Sweeps.Training.Inputs;
using Sweeps.Training.Recipes;
using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Training.Evaluation;

/// <summary>Names every label that is at least as likely as not; labels are independent of each other.</summary>
/// <param name="model">The model.</param>
/// <param name="head">Its head.</param>
/// <param name="padId">Id that fills short rows up.</param>
internal sealed class MultiLabelDecider(TrialModel model, MultiLabelHead head, int padId) : IDecider
{
    /// <inheritdoc/>
    public BatchVerdict Judge(EncodedSplit split, int[] rows, bool withScores)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        using var batch = BatchBuilder.Pad([.. rows.Select(row => split.Rows[row])], padId);
        var logits = model.Logits(batch, DropoutContext.None);
        var targets = head.Targets([.. rows.Select(row => split.Labels[row])]);
        var loss = nn.functional.binary_cross_entropy_with_logits(
            logits, tensor(Array.ConvertAll(targets, target => (float)target), logits.shape), reduction: nn.Reduction.Sum).item<float>();
        return new BatchVerdict(
            loss / (double)targets.Length,
            MultiLabelHead.LabelsOf(logits),
            withScores ? [.. logits.contiguous().data<float>().ToArray().Chunk((int)logits.size(1))] : null);
    }

    /// <inheritdoc/>
    public int[][]? Decide(EncodedSplit split, int[] rows, bool constrained) => null;
}
