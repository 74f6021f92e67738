using Sweeps.Models.Loading;
using Sweeps.Models.Safetensors;
using static TorchSharp.torch;

namespace Sweeps.Models.Heads;

/// <summary>
/// A linear head whose labels are independent of each other: a text may have none, one or several. Loss: binary
/// cross-entropy of the sigmoids, mean over texts and labels, as Hugging Face's multi_label_classification.
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
    /// <exception cref="ArgumentException">The objective smooths labels or is focal; or a label is neither 0 nor 1.</exception>
    public override Tensor LossOf(Tensor logits, long[] labels, double? divisor = null)
    {
        if (Objective.LabelSmoothing != 0 || Objective.FocalGamma != 0)
        {
            throw new ArgumentException("label smoothing and focal loss are for tasks with one label a text, not for multi-label");
        }

        if (Array.Exists(labels, label => label is not (0 or 1)))
        {
            throw new ArgumentException("labels of a multi-label head are 0 or 1, one for each text and label");
        }

        using var targets = tensor(Array.ConvertAll(labels, label => (float)label), logits.shape).to(logits.device);
        using var weights = Objective.ClassWeights is null ? null : tensor([.. Objective.ClassWeights]).to(logits.device);
        return nn.functional.binary_cross_entropy_with_logits(logits, targets, reduction: nn.Reduction.Sum, pos_weights: weights!)
            .div(divisor ?? Weight(labels));
    }

    /// <summary>Probability of each label, [B, C], from the scores.</summary>
    public static Tensor Probabilities(Tensor logits) => logits.sigmoid();
}
