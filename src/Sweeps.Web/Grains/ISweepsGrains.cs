using Sweeps.Abstractions.Sweep;
using Sweeps.Abstractions.Trials;
using Sweeps.Abstractions.Workers;
using Sweeps.Core.Ids;

namespace Sweeps.Web.Grains;

/// <summary>The grains that the API calls.</summary>
public interface ISweepsGrains
{
    /// <summary>A sweep by its id.</summary>
    ISweepGrain Sweep(string id);

    /// <summary>A job.</summary>
    ITrialGrain Trial(JobId job);

    /// <summary>A worker by its stable name.</summary>
    IGpuWorkerGrain Worker(string name);
}
