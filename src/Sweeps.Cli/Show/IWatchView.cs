using Sweeps.Core.Api;
using Sweeps.Core.Ledger;

namespace Sweeps.Cli.Show;

/// <summary>Where a watched sweep is shown.</summary>
internal interface IWatchView
{
    /// <summary>The sweep as it is now.</summary>
    void Snapshot(SweepDetail sweep);

    /// <summary>Something happened.</summary>
    void Event(EventRow row);

    /// <summary>Words about the watch itself (the silo was restarted, ...).</summary>
    void Note(string message);

    /// <summary>The sweep has ended.</summary>
    void End(SweepDetail sweep);
}
