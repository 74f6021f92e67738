using System.Runtime.CompilerServices;
using Sweeps.Data.Metrics;
using Sweeps.Models;
using Sweeps.Models.Heads;
using Sweeps.Models.Ops;
using Sweeps.Training.Batches;
using Sweeps.Training.Inputs;
using Sweeps.Training.Tasks;
using static TorchSharp.torch;

namespace Sweeps.Training.Evaluation;

/// <summary>
/// Decides by what the model writes after the prompt. The loss is that of the labels' tokens, as in training; beside variants
/// that work on scores it is theirs, the cross-entropy of the true label among all: one column never holds two losses.
/// </summary>
/// <param name="model">A decoder or encoder-decoder.</param>
/// <param name="head">Its head.</param>
/// <param name="encoding">Padding, and what ends a prompt.</param>
internal sealed class GenerateDecider(Transformer model, GenerateHead head, TextEncoding encoding) : IDecider
{
    private readonly ConditionalWeakTable<EncodedSplit, ITrainingTask> _answered = [];

    /// <inheritdoc/>
    public BatchVerdict Judge(EncodedSplit split, int[] rows, bool withScores)
    {
        if (!withScores)
        {
            var task = _answered.GetValue(split, own => TrialTask.Writing(model, head, own, encoding));
            var tokens = task.MeanLoss(rows);
            return new BatchVerdict(tokens, Decide(split, rows, head.IsConstrained)!, null);
        }

        using var scope = NewDisposeScope();
        using var off = no_grad();
        using var batch = Prompts(split, rows);
        float[][] scores = [.. head.Scores(model, batch, DropoutContext.None).contiguous().data<float>().ToArray().Chunk(head.LabelCount)];
        var loss = new OneLabelRule().Loss(
            [.. scores.Select(row => Array.ConvertAll(row, score => (double)score))], [.. rows.Select(row => split.Labels[row])]);
        return new BatchVerdict(loss, head.LabelsOf(model, batch), scores);
    }

    /// <inheritdoc/>
    public int[][]? Decide(EncodedSplit split, int[] rows, bool constrained)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        using var batch = Prompts(split, rows);
        return ClassificationMetrics.Sets(head.Decide(model, batch, constrained));
    }

    private TokenBatch Prompts(EncodedSplit split, int[] rows) =>
        BatchBuilder.Pad(
            [.. rows.Select(row => encoding.Prompt(split.Rows[row], model, head))], encoding.PadId);
}
