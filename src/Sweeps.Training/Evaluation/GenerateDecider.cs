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

/// <summary>Decides by what the model writes after the prompt; the loss is that of the labels' tokens, as in training.</summary>
/// <param name="model">A decoder or encoder-decoder.</param>
/// <param name="head">Its head.</param>
/// <param name="encoding">Padding, and what ends a prompt.</param>
internal sealed class GenerateDecider(Transformer model, GenerateHead head, TextEncoding encoding) : IDecider
{
    private readonly ConditionalWeakTable<EncodedSplit, ITrainingTask> _answered = [];

    /// <inheritdoc/>
    public BatchVerdict Judge(EncodedSplit split, int[] rows, bool withScores)
    {
        var task = _answered.GetValue(split, own => TrialTask.Writing(model, head, own, encoding));
        var loss = task.MeanLoss(rows);
        using var scope = NewDisposeScope();
        using var off = no_grad();
        using var batch = Prompts(split, rows);
        return new BatchVerdict(
            loss,
            head.LabelsOf(model, batch),
            withScores
                ? [.. head.Scores(model, batch, DropoutContext.None).contiguous().data<float>().ToArray().Chunk(head.LabelCount)]
                : null);
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
            [.. rows.Select(row => encoding.Prompt(split.Rows[row], model))], encoding.PadId);
}
