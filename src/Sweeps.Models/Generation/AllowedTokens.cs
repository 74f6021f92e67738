using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models.Generation;

/// <summary>Forbids every token but those given.</summary>
/// <param name="tokens">Ids; one or more.</param>
public sealed class AllowedTokens(IReadOnlyList<long> tokens) : ILogitsProcessor
{
    private readonly long[] allowed = tokens.Count > 0
        ? [.. tokens]
        : throw new ArgumentException("at least one token must be allowed", nameof(tokens));

    /// <inheritdoc />
    public Tensor Apply(Tensor scores, IReadOnlyList<IReadOnlyList<long>> generated)
    {
        var index = tensor(allowed).to(scores.device);
        var changed = full_like(scores, float.NegativeInfinity);
        changed.index_copy_(1, index, scores.index_select(1, index));
        return changed;
    }
}
