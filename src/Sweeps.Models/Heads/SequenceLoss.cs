using Sweeps.Models.Ops;
using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models.Heads;

/// <summary>
/// Next-token loss of the text that an encoder-decoder writes: the vocabulary projection is computed at graded tokens only.
/// Source: modeling_t5.py, T5ForConditionalGeneration.
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
    public static Tensor Loss(
        EncoderDecoder model,
        TokenBatch source,
        ReadOnlySpan<long> labels,
        int length,
        DropoutContext dropout,
        double? divisor = null)
    {
        var (positions, targets) = Graded(labels);
        return new ClassLoss().Sum(Logits(model, source, labels, length, positions, dropout), targets)
            .div(divisor ?? positions.Length);
    }

    /// <summary>The graded tokens, as indices into the labels, and their ids.</summary>
    /// <param name="labels">As in <see cref="Loss"/>.</param>
    public static (long[] Positions, long[] Targets) Graded(ReadOnlySpan<long> labels)
    {
        var positions = new List<long>();
        var targets = new List<long>();
        for (var at = 0; at < labels.Length; at++)
        {
            if (labels[at] != CausalLanguageLoss.Ignored)
            {
                positions.Add(at);
                targets.Add(labels[at]);
            }
        }

        return ([.. positions], [.. targets]);
    }

    /// <summary>Vocabulary logits at graded tokens, given the labels before them: [positions, V] in 32 bits.</summary>
    /// <param name="model">The model.</param>
    /// <param name="source">The texts to read.</param>
    /// <param name="labels">As in <see cref="Loss"/>.</param>
    /// <param name="length">Tokens of each row of the labels.</param>
    /// <param name="positions">From <see cref="Graded"/>; at least one.</param>
    /// <param name="dropout">Dropout of this micro-step.</param>
    public static Tensor Logits(
        EncoderDecoder model,
        TokenBatch source,
        ReadOnlySpan<long> labels,
        int length,
        long[] positions,
        DropoutContext dropout)
    {
        using var written = model.ShiftRight(labels, source.Rows, length, source.Device);
        var read = model.ReadSource(model.Hidden(source, dropout), source, dropout);
        var rows = Transformer.Rows(model.DecoderHidden(read, written, dropout), written, positions);
        return model.Logits(rows).to_type(ScalarType.Float32);
    }
}
