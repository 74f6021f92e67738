using Sweeps.Models.Loading;
using Sweeps.Models.Ops;
using Sweeps.Models.Safetensors;
using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models.Heads;

/// <summary>
/// A linear head whose labels are independent of each other: a text may have none, one or several. Loss: binary
/// cross-entropy of the sigmoids, mean over texts and labels, as Hugging Face's multi_label_classification; weights of
/// classes are those of their positives (torch's pos_weight), focal as Lin et al. have it (https://arxiv.org/abs/1708.02002).
/// </summary>
public sealed class MultiLabelHead : LinearHead
{
    /// <summary>As <see cref="LinearHead"/>; its weights have the same names.</summary>
    public MultiLabelHead(
        Transformer model, int labelCount, LoadOptions options, SafetensorsFolder? folder = null, HeadPooling? pooling = null)
        : base(model, labelCount, options, folder, pooling)
    {
    }

    /// <summary>Number of decisions: texts times labels, whatever their weights.</summary>
    public override double Weight(long[] labels) => labels.Length;

    /// <inheritdoc />
    /// <exception cref="ArgumentException">A label is out of range.</exception>
    public override long[] Targets(IReadOnlyList<int[]> labels)
    {
        var targets = new long[labels.Count * LabelCount];
        for (var row = 0; row < labels.Count; row++)
        {
            foreach (var label in labels[row])
            {
                if (label < 0 || label >= LabelCount)
                {
                    throw new ArgumentException($"label {label} is not one of the {LabelCount} of the head");
                }

                targets[(row * LabelCount) + label] = 1;
            }
        }

        return targets;
    }

    /// <inheritdoc />
    /// <exception cref="ArgumentException">The objective smooths labels; or a label is neither 0 nor 1.</exception>
    public override Tensor LossOf(Tensor logits, long[] labels, double? divisor = null)
    {
        if (Objective.LabelSmoothing != 0)
        {
            throw new ArgumentException("label smoothing is for tasks with one label a text, not for multi-label");
        }

        if (Array.Exists(labels, label => label is not (0 or 1)))
        {
            throw new ArgumentException("labels of a multi-label head are 0 or 1, one for each text and label");
        }

        using var targets = tensor(Array.ConvertAll(labels, label => (float)label), logits.shape).to(logits.device);
        using var weights = Objective.ClassWeights is null ? null : tensor([.. Objective.ClassWeights]).to(logits.device);
        return Sum(logits, targets, weights).div(divisor ?? Weight(labels));
    }

    /// <inheritdoc />
    public override int[][] LabelsOf(Transformer model, TokenBatch batch)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        return LabelsOf(Scores(model, batch, DropoutContext.None));
    }

    /// <summary>The labels that scores [B, C] name: those with a probability of at least one half.</summary>
    public static int[][] LabelsOf(Tensor scores)
    {
        using var wide = scores.cpu().contiguous();
        return [.. wide.data<float>().ToArray().Chunk((int)scores.size(1)).Select(row =>
            Enumerable.Range(0, row.Length).Where(label => row[label] >= 0).ToArray())];
    }

    /// <summary>Sum of the decisions' losses, each times (1 - probability of the truth) to the power of the focal gamma.</summary>
    private Tensor Sum(Tensor logits, Tensor targets, Tensor? weights)
    {
        if (Objective.FocalGamma == 0)
        {
            return nn.functional.binary_cross_entropy_with_logits(logits, targets, reduction: nn.Reduction.Sum, pos_weights: weights!);
        }

        var losses = nn.functional.binary_cross_entropy_with_logits(logits, targets, reduction: nn.Reduction.None, pos_weights: weights!);

        // The factor by its logarithm, log(sigmoid(-x)) = -softplus(x): its gradient stays finite where the factor comes to 0.
        var missed = nn.functional.softplus(logits * ((2 * targets) - 1)).neg().mul(Objective.FocalGamma).exp();
        return (losses * missed).sum();
    }
}
