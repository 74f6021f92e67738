using static TorchSharp.torch;

namespace Sweeps.Models.Heads;

/// <summary>
/// How the losses of classified texts add up: cross-entropy, optionally weighted by class
/// (torch.nn.functional.cross_entropy's weight and label_smoothing) and focal (https://arxiv.org/abs/1708.02002).
/// </summary>
public sealed record ClassLoss
{
    /// <summary>One weight from 0 up for each label; null counts all the same. For multi-label heads: pos_weight.</summary>
    public IReadOnlyList<float>? ClassWeights { get; init; }

    /// <summary>Share of the target that is spread evenly over all labels, 0 up to, not including, 1.</summary>
    public double LabelSmoothing { get; init; }

    /// <summary>Each row's loss is multiplied by (1 - probability of its label) to this power; 0 switches it off.</summary>
    public double FocalGamma { get; init; }

    /// <summary>What these labels count in a mean: their number, or the sum of their classes' weights.</summary>
    public double Weight(ReadOnlySpan<long> labels)
    {
        if (ClassWeights is null)
        {
            return labels.Length;
        }

        var sum = 0.0;
        foreach (var label in labels)
        {
            sum += ClassWeights[(int)label];
        }

        return sum;
    }

    /// <summary>Sum of the losses; divided by <see cref="Weight"/> it is the mean that PyTorch gives.</summary>
    /// <param name="logits">[B, C], in 32 bits.</param>
    /// <param name="targets">B columns of the logits.</param>
    /// <param name="labels">The labels that decide the weights, where the columns are not labels; null: they are.</param>
    public Tensor Sum(Tensor logits, long[] targets, long[]? labels = null)
    {
        using var columns = tensor(targets).to(logits.device);
        var weighsColumns = ClassWeights is not null && labels is null;
        using var weights = weighsColumns ? tensor([.. ClassWeights!]).to(logits.device) : null;
        if (FocalGamma == 0 && (ClassWeights is null || weighsColumns))
        {
            return nn.functional.cross_entropy(
                logits, columns, weights!, reduction: nn.Reduction.Sum, label_smoothing: LabelSmoothing);
        }

        var losses = nn.functional.cross_entropy(
            logits, columns, weights!, reduction: nn.Reduction.None, label_smoothing: LabelSmoothing);
        if (FocalGamma != 0)
        {
            var probabilities = logits.log_softmax(-1).gather(1, columns.unsqueeze(1)).squeeze(1).exp();
            losses = losses * (1 - probabilities).clamp(min: 1e-12).pow(FocalGamma);
        }

        if (ClassWeights is not null && labels is not null)
        {
            losses = losses * tensor(Array.ConvertAll(labels, label => ClassWeights[(int)label])).to(logits.device);
        }

        return losses.sum();
    }

    /// <summary>Checks ranges and the number of weights.</summary>
    /// <exception cref="ArgumentException">A value is out of range.</exception>
    internal void Check(int labelCount)
    {
        if (ClassWeights is not null && (ClassWeights.Count != labelCount || ClassWeights.Any(w => !float.IsFinite(w) || w < 0)))
        {
            throw new ArgumentException(
                $"class weights must be {labelCount} numbers from 0 up, one for each label; found {string.Join(", ", ClassWeights)}");
        }

        if (LabelSmoothing is not (>= 0 and < 1))
        {
            throw new ArgumentException($"label smoothing must be at least 0 and below 1; found {LabelSmoothing}");
        }

        if (!double.IsFinite(FocalGamma) || FocalGamma < 0)
        {
            throw new ArgumentException($"gamma of the focal loss must be a number from 0 up; found {FocalGamma}");
        }
    }
}
