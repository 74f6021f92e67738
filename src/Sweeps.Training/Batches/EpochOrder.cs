namespace Sweeps.Training.Batches;

/// <summary>The order of a trial: <see cref="EpochPlan"/>'s batches, in groups of so many micro-batches a step.</summary>
internal sealed class EpochOrder : IRowOrder
{
    private readonly IReadOnlyList<int> _lengths;
    private readonly int _batchSize;
    private readonly int _accumulation;
    private readonly int _seed;
    private readonly bool _byLength;
    private readonly int _stepsPerEpoch;
    private int[][] _plan = [];
    private int _planEpoch = -1;

    /// <param name="lengths">Tokens of each row.</param>
    /// <param name="batchSize">Rows a micro-batch.</param>
    /// <param name="accumulation">Micro-batches a step; the last step of an epoch may have fewer.</param>
    /// <param name="seed">Seed of the trial.</param>
    /// <param name="byLength">Whether rows of like length come together.</param>
    public EpochOrder(IReadOnlyList<int> lengths, int batchSize, int accumulation, int seed, bool byLength)
    {
        (_lengths, _batchSize, _accumulation, _seed, _byLength) = (lengths, batchSize, accumulation, seed, byLength);
        _stepsPerEpoch = EpochPlan.StepsPerEpoch(lengths.Count, batchSize, accumulation);
    }

    /// <inheritdoc/>
    public IReadOnlyList<int[]> Group(int step)
    {
        var epoch = step / _stepsPerEpoch;
        if (_planEpoch != epoch)
        {
            _plan = EpochPlan.Of(_lengths, _batchSize, _seed, epoch, _byLength);
            _planEpoch = epoch;
        }

        var start = step % _stepsPerEpoch * _accumulation;
        return new ArraySegment<int[]>(_plan, start, Math.Min(_accumulation, _plan.Length - start));
    }
}
