using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models.Decoders;

/// <summary>
/// What attention sees before the tokens of one batch: columns of a cache, or a trained prefix, into which gradients
/// flow.
/// </summary>
internal sealed class DecoderPast
{
    private readonly Func<int, (Tensor Keys, Tensor Values)?> before;
    private readonly Action<int, Tensor, Tensor>? keep;

    private DecoderPast(
        Func<int, (Tensor Keys, Tensor Values)?> before, Action<int, Tensor, Tensor>? keep = null)
    {
        this.before = before;
        this.keep = keep;
    }

    /// <summary>The columns of a cache, which those of the batch are added to unless the batch says otherwise.</summary>
    public static DecoderPast Of(KeyValueCache cache, TokenBatch batch) =>
        new(cache.At, batch.ExtendsPast ? cache.Replace : null);

    /// <summary>
    /// A prefix [n, layers * 2 * K * D], seen as [n, 2 * layers, K, D] with the keys of layer l at 2l and its values at
    /// 2l + 1. Its keys are not rotated.
    /// </summary>
    public static DecoderPast Of(Tensor prefix, int texts, int layers, int heads, int width)
    {
        var parts = prefix.view(prefix.size(0), 2 * layers, heads, width);
        Tensor Part(int index) => parts.select(1, index).unsqueeze(0).expand(texts, -1, -1, -1);
        return new DecoderPast(layer => (Part(2 * layer), Part((2 * layer) + 1)));
    }

    /// <summary>The columns before the batch, each [B, columns, K, D]; null for none.</summary>
    public (Tensor Keys, Tensor Values)? Before(int layer) => before(layer);

    /// <summary>Keys and values of all columns, given those [B, T, K, D] of the batch.</summary>
    public (Tensor Keys, Tensor Values) Join(int layer, Tensor keys, Tensor values)
    {
        if (before(layer) is { } earlier)
        {
            keys = cat([earlier.Keys.to(keys.dtype), keys], 1);
            values = cat([earlier.Values.to(values.dtype), values], 1);
        }

        keep?.Invoke(layer, keys, values);
        return (keys, values);
    }
}
