using Sweeps.Abstractions.Trials;
using Sweeps.Core.Ids;

namespace Sweeps.Grains.Workers;

/// <summary>Whom a worker's record tells; hints, all of them.</summary>
internal interface IWorkerPeers
{
    /// <summary>A life of the worker has ended.</summary>
    void LifeEnded(JobId job, WorkerLife life);

    /// <summary>No slot of the worker holds the attempt.</summary>
    void Disown(JobId job, int attempt);
}
