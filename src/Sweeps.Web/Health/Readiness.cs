using Microsoft.Extensions.Hosting;
using Sweeps.Core.Ledger;
using Sweeps.Web.Silo;

namespace Sweeps.Web.Health;

/// <summary>Whether this silo takes work: it has started, its ledger answers, its worker is registered.</summary>
public sealed class Readiness(
    IHostApplicationLifetime lifetime, ILedger ledger, ISweepQueries queries, ISiloControl silo, TimeProvider time)
{
    private static readonly TimeSpan LedgerWithin = TimeSpan.FromSeconds(2);

    /// <summary>Why it is not ready; null when it is.</summary>
    public async Task<string?> WhyNotAsync(CancellationToken cancellation)
    {
        if (!lifetime.ApplicationStarted.IsCancellationRequested)
        {
            return "starting";
        }

        if (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            return "draining";
        }

        try
        {
            _ = await ledger.UnfinishedSweepsAsync(cancellation)
                .WaitAsync(LedgerWithin, time, cancellation).ConfigureAwait(false);
            var workers = await queries.WorkersAsync(cancellation)
                .WaitAsync(LedgerWithin, time, cancellation).ConfigureAwait(false);

            // A row of a former life may have the same pid (in a container it is always 1), but not so late a time.
            return workers.Any(w => w.ProcessId == Environment.ProcessId && w.RegisteredAt >= silo.StartedAt)
                ? null
                : "the worker has not registered yet";
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return $"the ledger does not answer: {e.Message}";
        }
    }
}
