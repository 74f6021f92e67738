using Microsoft.Extensions.Hosting;
using Sweeps.Core.Ledger;
using Sweeps.Web.Errors;
using Sweeps.Web.Silo;

namespace Sweeps.Web.Health;

/// <summary><c>/health/startup</c>, <c>/health/ready</c> (the ledger answers, a worker takes work), <c>/health/live</c> (this process only).</summary>
internal static class HealthEndpoints
{
    private static readonly TimeSpan LedgerWithin = TimeSpan.FromSeconds(2);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/health/live", () => Reply.Json(new HealthReply("live", null)));
        routes.MapGet("/health/startup", (IHostApplicationLifetime lifetime) =>
            Answer(lifetime.ApplicationStarted.IsCancellationRequested ? null : "starting"));
        routes.MapGet("/health/ready", async (
            IHostApplicationLifetime lifetime, ILedger ledger, ISiloControl silo, TimeProvider time, CancellationToken cancellation) =>
            Answer(await WhyNotReadyAsync(lifetime, ledger, silo, time, cancellation).ConfigureAwait(false)));
    }

    private static async Task<string?> WhyNotReadyAsync(
        IHostApplicationLifetime lifetime, ILedger ledger, ISiloControl silo, TimeProvider time, CancellationToken cancellation)
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
            _ = await ledger.UnfinishedSweepsAsync(cancellation).WaitAsync(LedgerWithin, time, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return $"the ledger does not answer: {e.Message}";
        }

        return silo.HasWorker ? null : "the worker has not registered yet";
    }

    private static IResult Answer(string? whyNot) => whyNot is null
        ? Reply.Json(new HealthReply("ok", null))
        : Reply.Json(new HealthReply("unavailable", whyNot), StatusCodes.Status503ServiceUnavailable);

    private sealed record HealthReply(string Status, string? Reason);
}
