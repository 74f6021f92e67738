using Sweeps.Search.Space;

namespace Sweeps.Search.Samplers;

/// <summary>Every point, the first axis of the file slowest.</summary>
public sealed class GridSampler : ISampler
{
    /// <inheritdoc/>
    public IEnumerable<SpacePoint> Sample(SearchSpace space)
    {
        ArgumentNullException.ThrowIfNull(space);
        var choice = new int[space.Axes.Count];
        while (true)
        {
            if (space.At(choice) is { } point)
            {
                yield return point;
            }

            var axis = choice.Length - 1;
            while (axis >= 0 && ++choice[axis] == space.Axes[axis].Values.Count)
            {
                choice[axis--] = 0;
            }

            if (axis < 0)
            {
                yield break;
            }
        }
    }
}
