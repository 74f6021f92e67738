using Sweeps.Models;
using Sweeps.Models.Heads;
using Sweeps.Models.Ops;
using Sweeps.Training.Batches;
using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Training.Tasks;

/// <summary>
/// Texts that an encoder reads and the answers that its decoder learns to write. A row weighs as much as its answer has
/// tokens (times the weight of its class). Source: modeling_t5.py, T5ForConditionalGeneration.
/// </summary>
/// <param name="model">An encoder-decoder; not owned.</param>
/// <param name="rows">The rows.</param>
/// <param name="padId">Id that fills short texts up.</param>
/// <param name="objective">Label smoothing (over the vocabulary), focal loss (by token), class weights; null: plain.</param>
internal sealed class SequenceTask(EncoderDecoder model, IReadOnlyList<AnsweredRow> rows, int padId, ClassLoss? objective = null) : RowTask
{
    private readonly ClassLoss _objective = objective ?? new ClassLoss();

    /// <inheritdoc/>
    public override IReadOnlyList<int> Lengths { get; } = [.. rows.Select(row => row.Ids.Length)];

    /// <inheritdoc/>
    public override double Weight(int row) => rows[row].Answer.Length * _objective.Weight([rows[row].Class]);

    /// <inheritdoc/>
    protected override Tensor Loss(int[] batchRows, DropoutContext dropout, double divisor, List<IDisposable> kept)
    {
        var source = BatchBuilder.Pad([.. batchRows.Select(row => rows[row].Ids)], padId);
        kept.Add(source);
        var length = batchRows.Max(row => rows[row].Answer.Length);
        var labels = new long[batchRows.Length * length];
        Array.Fill(labels, CausalLanguageLoss.Ignored);
        for (var at = 0; at < batchRows.Length; at++)
        {
            rows[batchRows[at]].Answer.CopyTo(labels, at * length);
        }

        var target = model.ShiftRight(labels, batchRows.Length, length);
        kept.Add(target);
        var hidden = model.DecoderHidden(
            model.ReadSource(model.Hidden(source, dropout), source, dropout), target, dropout);
        var graded = Enumerable.Range(0, labels.Length).Where(at => labels[at] != CausalLanguageLoss.Ignored).ToArray();
        var logits = model.Logits(Transformer.Rows(hidden, target, Array.ConvertAll(graded, at => (long)at))).to_type(ScalarType.Float32);
        return _objective.Sum(
            logits,
            Array.ConvertAll(graded, at => labels[at]),
            Array.ConvertAll(graded, at => (long)rows[batchRows[at / length]].Class)).div(divisor);
    }
}
