using Sweeps.Models;
using Sweeps.Models.Heads;
using Sweeps.Models.Ops;
using Sweeps.Training.Batches;
using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Training.Tasks;

/// <summary>
/// Texts whose next tokens a decoder learns where they are graded; the vocabulary projection is computed nowhere else. A
/// row weighs as much as it has graded tokens (times the weight of its class), so that a step's loss is a mean over tokens
/// however its rows are divided: transformers' num_items_in_batch. Nor is the last block computed elsewhere.
/// </summary>
/// <param name="model">A decoder; not owned.</param>
/// <param name="rows">The rows.</param>
/// <param name="padId">Id that fills short rows up.</param>
/// <param name="objective">Label smoothing (over the vocabulary), focal loss (by token), class weights; null: plain.</param>
internal sealed class LanguageTask(Transformer model, IReadOnlyList<GradedRow> rows, int padId, ClassLoss? objective = null) : RowTask
{
    private readonly ClassLoss _objective = objective ?? new ClassLoss();

    /// <inheritdoc/>
    public override IReadOnlyList<int> Lengths { get; } = [.. rows.Select(row => row.Ids.Length)];

    /// <inheritdoc/>
    public override double Weight(int row) => rows[row].Graded * _objective.Weight([rows[row].Class]);

    /// <inheritdoc/>
    protected override Tensor Loss(int[] batchRows, DropoutContext dropout, double divisor, List<IDisposable> kept)
    {
        var batch = BatchBuilder.Pad([.. batchRows.Select(row => rows[row].Ids)], padId);
        kept.Add(batch);
        var labels = new long[batchRows.Length * batch.Length];
        Array.Fill(labels, CausalLanguageLoss.Ignored);
        for (var at = 0; at < batchRows.Length; at++)
        {
            rows[batchRows[at]].Labels.CopyTo(labels, at * batch.Length);
        }

        var (positions, targets) = CausalLanguageLoss.Supervised(labels, batch.Rows, batch.Length);
        var classes = Array.ConvertAll(positions, position => (long)rows[batchRows[position / batch.Length]].Class);
        var logits = model.Logits(model.HiddenAt(batch, positions, dropout)).to_type(ScalarType.Float32);
        return _objective.Sum(logits, targets, classes).div(divisor);
    }
}
