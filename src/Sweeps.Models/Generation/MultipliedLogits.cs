using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models.Generation;

/// <summary>
/// Multiplies the logits of some tokens by a factor. A factor above 1 makes a token with a negative logit less likely,
/// not more: logits have no fixed zero.
/// </summary>
/// <param name="tokens">Ids.</param>
/// <param name="factor">The factor.</param>
public sealed class MultipliedLogits(IReadOnlyList<long> tokens, double factor) : ILogitsProcessor
{
    private readonly long[] boosted = [.. tokens];

    /// <inheritdoc />
    public Tensor Apply(Tensor scores, IReadOnlyList<IReadOnlyList<long>> generated)
    {
        var index = tensor(boosted).to(scores.device);
        return scores.index_copy(1, index, scores.index_select(1, index) * factor);
    }
}
