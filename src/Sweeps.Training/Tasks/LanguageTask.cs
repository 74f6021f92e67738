using Sweeps.Models;
using Sweeps.Models.Heads;
using Sweeps.Models.Ops;
using Sweeps.Training.Batches;
using static TorchSharp.torch;

namespace Sweeps.Training.Tasks;

/// <summary>
/// Texts whose next tokens a decoder learns where they are graded; the vocabulary projection is computed nowhere else. A
/// row weighs as much as it has graded tokens (times the weight of its class), so that a step's loss is a mean over tokens
/// however its rows are divided: transformers' num_items_in_batch.
/// </summary>
/// <param name="model">A decoder.</param>
/// <param name="rows">The rows.</param>
/// <param name="padId">Id that fills short rows up.</param>
/// <param name="labelSmoothing">Share of the target spread over the vocabulary, 0 to 1.</param>
/// <param name="classWeights">Weight of each row; null: 1.</param>
internal sealed class LanguageTask(
    Transformer model, IReadOnlyList<GradedRow> rows, int padId, double labelSmoothing = 0, IReadOnlyList<float>? classWeights = null) : RowTask
{
    /// <inheritdoc/>
    public override IReadOnlyList<int> Lengths { get; } = [.. rows.Select(row => row.Ids.Length)];

    /// <inheritdoc/>
    public override double Weight(int row) => rows[row].Graded * (double)(classWeights?[row] ?? 1);

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
        var weights = classWeights is null
            ? null
            : Array.ConvertAll(positions, position => classWeights[batchRows[position / batch.Length]]);
        return CausalLanguageLoss.Loss(
            model, model.Hidden(batch, dropout), batch, positions, targets, divisor, labelSmoothing, weights);
    }
}
