using Sweeps.Models;

namespace Sweeps.Training.Batches;

/// <summary>Puts texts of different lengths into one batch.</summary>
internal static class BatchBuilder
{
    /// <summary>Pads on the right to the longest text; padding is hidden from attention.</summary>
    /// <param name="rows">Token ids of each text.</param>
    /// <param name="pad">Id of the padding token.</param>
    public static TokenBatch Pad(IReadOnlyList<int[]> rows, int pad)
    {
        var length = rows.Max(row => row.Length);
        var ids = new long[rows.Count * length];
        var mask = new long[ids.Length];
        var padded = false;
        for (var row = 0; row < rows.Count; row++)
        {
            var text = rows[row];
            padded |= text.Length < length;
            for (var at = 0; at < length; at++)
            {
                ids[(row * length) + at] = at < text.Length ? text[at] : pad;
                mask[(row * length) + at] = at < text.Length ? 1 : 0;
            }
        }

        return new TokenBatch(ids, rows.Count, length, padded ? mask : null);
    }
}
