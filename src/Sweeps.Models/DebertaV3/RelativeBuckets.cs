using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models.DebertaV3;

/// <summary>
/// Which row of the relative embeddings stands for the distance between two tokens: near distances have a row each, far
/// ones share logarithmic buckets. Source: modeling_deberta_v2.py, make_log_bucket_position.
/// </summary>
internal sealed class RelativeBuckets(DebertaConfig config, Device device) : IDisposable
{
    private readonly Dictionary<int, Table> tables = [];

    /// <summary>The rows for texts of <paramref name="length"/> tokens.</summary>
    public Table For(int length)
    {
        if (!tables.TryGetValue(length, out var table))
        {
            using var scope = NewDisposeScope();
            using var off = no_grad();
            table = Build(length);
            table.Index.DetachFromDisposeScope();
            tables.Add(length, table);
        }

        return table;
    }

    public void Dispose()
    {
        foreach (var table in tables.Values)
        {
            table.Index.Dispose();
        }
    }

    private Table Build(int length)
    {
        // Rows by distance q - k, from -(length - 1) up.
        var rows = RowsOf(arange(1 - length, length, dtype: ScalarType.Int64)).data<long>().ToArray();
        var index = new long[length * length];
        for (var query = 0; query < length; query++)
        {
            for (var key = 0; key < length; key++)
            {
                index[(query * length) + key] = rows[query - key + length - 1] - rows[0];
            }
        }

        return new Table((int)rows[0], (int)(rows[^1] - rows[0]) + 1, tensor(index, [length, length]).to(device));
    }

    private Tensor RowsOf(Tensor distances)
    {
        var buckets = distances;
        if (config.Buckets > 0)
        {
            // In 32 bits, as the reference: a bucket's border may hang on the rounding of the logarithm.
            var middle = config.Buckets / 2;
            var near = distances.lt(middle).logical_and(distances.gt(-middle));
            var size = where(near, full_like(distances, middle - 1), distances.abs());
            var steps = size.to_type(ScalarType.Float32).div(middle).log()
                / tensor((config.MaxDistance - 1) / (double)middle, dtype: ScalarType.Float32).log();
            var far = (steps * (middle - 1)).ceil().to_type(ScalarType.Int64) + middle;
            buckets = where(size.le(middle), distances, far * distances.sign());
        }

        return (buckets + config.Span).clamp(0, (2 * config.Span) - 1);
    }

    /// <summary>The rows that occur, and for each query and key, [T, T], which of them.</summary>
    /// <param name="First">First row of the relative embeddings that occurs.</param>
    /// <param name="Count">Number of rows from there.</param>
    /// <param name="Index">int64 [T, T]: row of (query, key), counted from <paramref name="First"/>.</param>
    public sealed record Table(int First, int Count, Tensor Index);
}
