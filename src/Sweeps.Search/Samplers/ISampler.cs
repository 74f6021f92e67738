using Sweeps.Search.Space;

namespace Sweeps.Search.Samplers;

/// <summary>Chooses the points of a search space that become trials. Pure: the same space gives the same points.</summary>
public interface ISampler
{
    /// <summary>The points in the order in which trials are numbered.</summary>
    IEnumerable<SpacePoint> Sample(SearchSpace space);
}
