using Sweeps.Abstractions.Dispatch;
using Sweeps.Abstractions.Trials;
using Sweeps.Core.Ids;

namespace Sweeps.Grains.Sweep;

/// <summary>Whom a sweep tells. The first two are hints: they return at once and may be lost.</summary>
internal interface ISweepPeers
{
    /// <summary>The job looks at its rows: a wish, a lease without a timer, a life that ended.</summary>
    void PokeJob(JobId job);

    /// <summary>The jobs that may be leased now.</summary>
    void SetReady(ReadyList list);

    /// <summary>A job's live progress; null when it does not answer in time.</summary>
    Task<LiveTrial?> LiveAsync(JobId job);
}
