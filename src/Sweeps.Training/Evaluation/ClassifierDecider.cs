using Sweeps.Models.Ops;
using Sweeps.Training.Batches;
using Sweeps.Training.Inputs;
using Sweeps.Training.Recipes;
using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Training.Evaluation;

/// <summary>Decides for the label with the highest score.</summary>
/// <param name="model">The model; its head gives one score a label.</param>
/// <param name="encoding">Padding, and what ends a prompt.</param>
internal sealed class ClassifierDecider(TrialModel model, TextEncoding encoding) : IDecider
{
    /// <inheritdoc/>
    public BatchVerdict Judge(EncodedSplit split, int[] rows, bool withScores)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        using var batch = BatchBuilder.Pad([.. rows.Select(row => encoding.Prompt(split.Rows[row], model.Body, model.Head))], encoding.PadId);
        var logits = model.Logits(batch, DropoutContext.None);
        var targets = tensor(rows.Select(row => (long)split.Label(row)).ToArray());
        var best = logits.argmax(1).data<long>().ToArray();
        var loss = nn.functional.cross_entropy(logits, targets, reduction: nn.Reduction.Sum).item<float>();
        return new BatchVerdict(
            loss / (double)rows.Length,
            Array.ConvertAll(best, label => (int[])[(int)label]),
            withScores ? [.. logits.contiguous().data<float>().ToArray().Chunk((int)logits.size(1))] : null);
    }

    /// <inheritdoc/>
    public int[][]? Decide(EncodedSplit split, int[] rows, bool constrained) => null;
}
