using static TorchSharp.torch;

namespace Sweeps.Models.T5;

/// <summary>The blocks of encoder or decoder, with the table of position biases that all of them share.</summary>
/// <param name="Blocks">In order.</param>
/// <param name="BiasTable">[buckets, N].</param>
/// <param name="Buckets">Which row of the table a distance has.</param>
/// <param name="FinalNorm">After the last block.</param>
internal sealed record T5Stack(
    IReadOnlyList<T5Block> Blocks, NamedParameter BiasTable, T5Buckets Buckets, NamedParameter FinalNorm)
{
    /// <summary>Biases of the scores, [B or 1, N, Q, K], from rows of the table [B or 1, Q, K].</summary>
    public Tensor Bias(Tensor rows) =>
        BiasTable.Value.index_select(0, rows.view(-1)).view([.. rows.shape, -1]).permute(0, 3, 1, 2).contiguous();
}
