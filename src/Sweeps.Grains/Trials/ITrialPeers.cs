using Sweeps.Abstractions.Workers;
using Sweeps.Core.Ids;

namespace Sweeps.Grains.Trials;

/// <summary>
/// Whom a job tells. Every one of these is a hint: it returns at once, may be lost, and is never waited for, so that a
/// dead sweep activation cannot stall a worker.
/// </summary>
internal interface ITrialPeers
{
    /// <summary>The job committed.</summary>
    void JobChanged(string sweep, long change);

    /// <summary>The job is leased, or can't be.</summary>
    void Settled(JobId job, long change);

    /// <summary>The job goes on at once, ahead of all others: the dispatcher is told before the slot that lost it is answered.</summary>
    void Front(JobId job, string? worker, int? slot, long change);

    /// <summary>A slot was granted the job.</summary>
    void Granted(string worker, HeldJob grant, long incarnation);

    /// <summary>A wish concerns a job that the worker holds.</summary>
    void Nudge(string worker, JobId job, long incarnation);
}
