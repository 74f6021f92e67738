using Sweeps.Models.Ops;
using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models.Heads;

/// <summary>
/// Next-token loss of the text that an encoder-decoder writes, at graded tokens only. Source: modeling_t5.py,
/// T5ForConditionalGeneration.
/// </summary>
public static class SequenceLoss
{
    /// <summary>Sum of the losses of the graded tokens divided by <paramref name="divisor"/>.</summary>
    /// <param name="model">The model.</param>
    /// <param name="source">The texts to read.</param>
    /// <param name="labels">
    /// rows * length ids or <see cref="CausalLanguageLoss.Ignored"/>, row by row: what is to be written, not shifted.
    /// </param>
    /// <param name="length">Tokens of each row of the labels.</param>
    /// <param name="dropout">Dropout of this micro-step.</param>
    /// <param name="divisor">Graded tokens of the whole accumulation group; null is those given: the mean.</param>
    /// <param name="smoothing">Share of the target that is spread evenly over the vocabulary.</param>
    public static Tensor Loss(
        EncoderDecoder model,
        TokenBatch source,
        ReadOnlySpan<long> labels,
        int length,
        DropoutContext dropout,
        double? divisor = null,
        double smoothing = 0)
    {
        var positions = Graded(labels);
        var targets = new long[positions.Length];
        for (var at = 0; at < targets.Length; at++)
        {
            targets[at] = labels[(int)positions[at]];
        }

        using var written = model.ShiftRight(labels, source.Rows, length, source.Device);
        var read = model.ReadSource(model.Hidden(source, dropout), source, dropout);
        var rows = Transformer.Rows(model.DecoderHidden(read, written, dropout), written, positions);
        return nn.functional.cross_entropy(
                model.Logits(rows).to_type(ScalarType.Float32),
                source.Indices(targets),
                reduction: nn.Reduction.Sum,
                label_smoothing: smoothing)
            .div(divisor ?? positions.Length);
    }

    private static long[] Graded(ReadOnlySpan<long> labels)
    {
        var positions = new List<long>();
        for (var at = 0; at < labels.Length; at++)
        {
            if (labels[at] != CausalLanguageLoss.Ignored)
            {
                positions.Add(at);
            }
        }

        return [.. positions];
    }
}
