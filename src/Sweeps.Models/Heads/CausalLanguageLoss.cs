using Sweeps.Models.Ops;
using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models.Heads;

/// <summary>
/// Next-token loss at supervised positions only: the vocabulary projection is computed nowhere else. Source:
/// transformers loss_utils.py, ForCausalLMLoss.
/// </summary>
public static class CausalLanguageLoss
{
    /// <summary>Label of a token that is not graded.</summary>
    public const long Ignored = -100;

    /// <summary>
    /// The positions whose next token is graded, as indices into the flattened batch, and those tokens.
    /// </summary>
    /// <param name="labels">rows * length ids or <see cref="Ignored"/>, row by row, as Hugging Face's <c>labels</c>.</param>
    /// <param name="rows">Number of texts.</param>
    /// <param name="length">Tokens of each.</param>
    public static (long[] Positions, long[] Targets) Supervised(ReadOnlySpan<long> labels, int rows, int length)
    {
        var positions = new List<long>();
        var targets = new List<long>();
        for (var row = 0; row < rows; row++)
        {
            for (var at = 1; at < length; at++)
            {
                var index = (row * length) + at;
                if (labels[index] != Ignored)
                {
                    positions.Add(index - 1);
                    targets.Add(labels[index]);
                }
            }
        }

        return ([.. positions], [.. targets]);
    }

    /// <summary>
    /// As the other overload, with the last block, too, computed only at the graded positions: the fast way.
    /// </summary>
    /// <param name="model">A decoder.</param>
    /// <param name="batch">The texts.</param>
    /// <param name="positions">From <see cref="Supervised"/>; at least one.</param>
    /// <param name="targets">From <see cref="Supervised"/>.</param>
    /// <param name="dropout">Dropout of this micro-step.</param>
    /// <param name="divisor">Graded tokens of the whole accumulation group; null is those given: the mean.</param>
    public static Tensor Loss(
        Transformer model, TokenBatch batch, long[] positions, long[] targets, DropoutContext dropout, double? divisor = null) =>
        Of(model, model.HiddenAt(batch, positions, dropout), batch, targets, divisor);

    /// <summary>Sum of the token losses divided by <paramref name="divisor"/>.</summary>
    /// <param name="model">A decoder.</param>
    /// <param name="hidden">[B, T, H].</param>
    /// <param name="batch">The texts.</param>
    /// <param name="positions">From <see cref="Supervised"/>; at least one.</param>
    /// <param name="targets">From <see cref="Supervised"/>.</param>
    /// <param name="divisor">Graded tokens of the whole accumulation group; null is those given: the mean.</param>
    public static Tensor Loss(
        Transformer model, Tensor hidden, TokenBatch batch, long[] positions, long[] targets, double? divisor = null) =>
        Of(model, Transformer.Rows(hidden, batch, positions), batch, targets, divisor);

    private static Tensor Of(Transformer model, Tensor rows, TokenBatch batch, long[] targets, double? divisor) =>
        nn.functional.cross_entropy(
                model.Logits(rows).to_type(ScalarType.Float32), batch.Indices(targets), reduction: nn.Reduction.Sum)
            .div_(divisor ?? targets.Length);
}
