using Sweeps.Core.Ledger;
using Sweeps.Web.Grains;
using Sweeps.Web.Views;

namespace Sweeps.Web.Telemetry;

/// <summary>Reads what the gauges show from the rows, and from the grains what runs now.</summary>
internal sealed class MetricsReader(
    ISweepQueries queries, SweepReader sweeps, SweepBoards boards, ISweepsGrains grains, TimeProvider time)
{
    /// <summary>Names that get a series of their own; older ones end, so that a long-lived home does not grow a scrape.</summary>
    private const int MaxNames = 50;

    private static readonly TimeSpan LiveWithin = TimeSpan.FromSeconds(2);

    public async Task<MetricsReading> ReadAsync(CancellationToken cancellation)
    {
        var trials = await queries.TrialsByStateAsync(cancellation).ConfigureAwait(false);
        var failures = await queries.FailuresByClassAsync(cancellation).ConfigureAwait(false);
        var rows = await queries.SweepsAsync(cancellation).ConfigureAwait(false);
        var best = new List<BestObjective>();
        foreach (var row in rows.DistinctBy(r => r.Name).Take(MaxNames))
        {
            var board = await boards.GetAsync(row, cancellation).ConfigureAwait(false);
            if (SweepReader.Best(board) is { } found
                && board.Trials.FirstOrDefault(t => t.Trial.Number == found.Trial)?.Job.BestValue is { } value)
            {
                best.Add(new BestObjective(row.Name, row.ObjectiveMetric, value));
            }
        }

        var tokens = 0.0;
        var unfinished = rows.Where(r => !SweepReader.HasEnded(r.State)).ToList();
        foreach (var row in unfinished)
        {
            var (_, live) = await sweeps.LookAsync(row, cancellation).ConfigureAwait(false);
            tokens += live?.Running.Sum(r => r.Progress?.TokensPerSecond ?? 0) ?? 0;
        }

        var (busy, free, quarantined) = await SlotsAsync(cancellation).ConfigureAwait(false);
        return new MetricsReading(trials, failures, best, tokens, unfinished.Count, busy, free, quarantined);
    }

    private async Task<(int Busy, int Free, int Quarantined)> SlotsAsync(CancellationToken cancellation)
    {
        var (busy, free, quarantined) = (0, 0, 0);
        foreach (var row in await queries.WorkersAsync(cancellation).ConfigureAwait(false))
        {
            var live = await grains.Worker(row.Name).LiveAsync().WaitAsync(LiveWithin, time, cancellation).ConfigureAwait(false);
            if (live is not null)
            {
                // A slot may hold its next lease before it needs it.
                var held = live.Held.Select(h => h.Slot).Distinct().Count();
                busy += held;
                quarantined += live.Quarantined.Count;
                free += Math.Max(0, live.Slots - held - live.Quarantined.Count);
            }
        }

        return (busy, free, quarantined);
    }
}
