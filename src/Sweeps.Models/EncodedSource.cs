using static TorchSharp.torch;

namespace Sweeps.Models;

/// <summary>
/// What the blocks of a decoder read of the texts that an encoder read: keys and values of each block, and which of them
/// are padding.
/// </summary>
public sealed class EncodedSource : IDisposable
{
    internal EncodedSource(IReadOnlyList<(Tensor Keys, Tensor Values)> blocks, Tensor? mask)
    {
        Blocks = blocks;
        Mask = mask;
    }

    /// <summary>For each block of the decoder keys and values, [B, T, heads, head width].</summary>
    internal IReadOnlyList<(Tensor Keys, Tensor Values)> Blocks { get; }

    /// <summary>Additive, [B, 1, 1, T]; null when nothing is padded. Belongs to the texts that were read.</summary>
    internal Tensor? Mask { get; }

    /// <summary>The same for longer than the current scope and the texts that were read; holds no gradients.</summary>
    internal EncodedSource Keep() => new(
        [.. Blocks.Select(block => (Kept(block.Keys), Kept(block.Values)))],
        Mask is null ? null : Kept(Mask.clone()));

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (var (keys, values) in Blocks)
        {
            keys.Dispose();
            values.Dispose();
        }

        Mask?.Dispose();
    }

    private static Tensor Kept(Tensor value) => value.detach().DetachFromDisposeScope();
}
