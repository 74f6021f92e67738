using Sweeps.Abstractions.Sweep;
using Sweeps.Abstractions.Trials;
using Sweeps.Abstractions.Workers;
using Sweeps.Core.Ids;

namespace Sweeps.Web.Grains;

/// <summary>The grains of the silo that hosts the API.</summary>
internal sealed class OrleansGrains(IGrainFactory grains) : ISweepsGrains
{
    public ISweepGrain Sweep(string id) => grains.GetGrain<ISweepGrain>(id);

    public ITrialGrain Trial(JobId job) => grains.GetGrain<ITrialGrain>(job.ToString());

    public IGpuWorkerGrain Worker(string name) => grains.GetGrain<IGpuWorkerGrain>(name);
}
