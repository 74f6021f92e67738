using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models.T5;

/// <summary>
/// Which row of the bias table stands for the distance of a key from a query: near distances have a row each, far ones
/// share logarithmic buckets. Source: modeling_t5.py, _relative_position_bucket.
/// </summary>
internal sealed class T5Buckets
{
    private readonly long[] byDistance;
    private readonly long ahead;

    /// <param name="count">Rows of the table.</param>
    /// <param name="maxDistance">From here on all is one bucket.</param>
    /// <param name="bothWays">Whether keys after the query have rows of their own (encoders).</param>
    public T5Buckets(int count, int maxDistance, bool bothWays)
    {
        count = bothWays ? count / 2 : count;
        ahead = bothWays ? count : 0;
        var exact = count / 2;
        using var scope = NewDisposeScope();
        using var off = no_grad();

        // In 32 bits, as the reference: a bucket's border may hang on the rounding of the logarithm.
        var distances = arange(0, maxDistance + 1, dtype: ScalarType.Int64);
        var steps = distances.to_type(ScalarType.Float32).div(exact).log().div(Math.Log((double)maxDistance / exact))
            * (count - exact);
        var far = (steps.nan_to_num(0, 0, 0).to_type(ScalarType.Int64) + exact).clamp(max: count - 1);
        byDistance = where(distances.lt(exact), distances, far).data<long>().ToArray();
    }

    /// <summary>The row for a key <paramref name="distance"/> tokens after the query; negative is before it.</summary>
    public long Of(long distance)
    {
        var size = ahead > 0 ? Math.Abs(distance) : Math.Max(-distance, 0);
        return byDistance[Math.Min(size, byDistance.Length - 1)] + (distance > 0 ? ahead : 0);
    }
}
