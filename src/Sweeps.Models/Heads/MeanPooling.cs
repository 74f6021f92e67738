using static TorchSharp.torch;

namespace Sweeps.Models.Heads;

/// <summary>The mean of the hidden states of a text's attended tokens, as sentence embeddings use it.</summary>
public static class MeanPooling
{
    /// <summary>[B, T, H] to [B, H]. A text without an attended token gives zeros.</summary>
    public static Tensor Of(Tensor hidden, TokenBatch batch)
    {
        if (!batch.HasPadding)
        {
            return hidden.mean([1]);
        }

        var shares = batch.Derived("mean", () => Shares(batch)).to_type(hidden.dtype);
        return einsum("bth,bt->bh", hidden, shares);
    }

    /// <summary>[B, T]: 1 / (number of attended tokens of the row) at those tokens, else 0.</summary>
    private static Tensor Shares(TokenBatch batch)
    {
        var shares = new float[batch.Rows * batch.Length];
        for (var row = 0; row < batch.Rows; row++)
        {
            var attended = batch.Attended.Slice(row * batch.Length, batch.Length);
            var share = 1f / Math.Max(1, attended.Count(true));
            for (var at = 0; at < batch.Length; at++)
            {
                shares[(row * batch.Length) + at] = attended[at] ? share : 0;
            }
        }

        return tensor(shares, [batch.Rows, batch.Length]);
    }
}
