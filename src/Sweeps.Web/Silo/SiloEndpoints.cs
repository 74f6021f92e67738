using Sweeps.Core.Api;
using Sweeps.Core.Homes;
using Sweeps.Core.Ledger;
using Sweeps.Web.Errors;
using Sweeps.Web.Grains;
using SiloStatus = Sweeps.Core.Api.SiloStatus;

namespace Sweeps.Web.Silo;

/// <summary>The process itself, and its workers.</summary>
internal static class SiloEndpoints
{
    /// <summary>A page waits this long for a worker's grain.</summary>
    private static readonly TimeSpan LiveWithin = TimeSpan.FromSeconds(2);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/status", StatusAsync);
        api.MapGet("/workers", WorkersAsync);
        api.MapPost("/shutdown", ShutdownAsync);
    }

    private static async Task<IResult> StatusAsync(
        ISiloControl silo, SweepsHome home, ILedger ledger, ISweepQueries queries, CancellationToken cancellation)
    {
        var workers = await queries.WorkersAsync(cancellation).ConfigureAwait(false);
        var own = workers.Where(w => w.ProcessId == Environment.ProcessId).ToList();
        return Reply.Json(new SiloStatus(
            silo.Version,
            silo.Build,
            home.Root,
            Environment.ProcessId,
            silo.Stays,
            await ledger.UnfinishedSweepsAsync(cancellation).ConfigureAwait(false),
            own.Sum(w => w.Slots),
            own.FirstOrDefault()?.Machine));
    }

    private static async Task<IResult> WorkersAsync(
        ISweepQueries queries, ISweepsGrains grains, TimeProvider time, CancellationToken cancellation)
    {
        var summaries = new List<WorkerSummary>();
        foreach (var row in await queries.WorkersAsync(cancellation).ConfigureAwait(false))
        {
            var live = await grains.Worker(row.Name).LiveAsync().WaitAsync(LiveWithin, time, cancellation).ConfigureAwait(false);
            summaries.Add(new WorkerSummary
            {
                Name = row.Name,
                Incarnation = row.Incarnation,
                Host = row.Host,
                ProcessId = row.ProcessId,
                Slots = row.Slots,
                Machine = row.Machine,
                Devices = row.Devices,
                RegisteredAt = row.RegisteredAt,
                Alive = live is not null,
                Held = [.. (live?.Held ?? []).Select(h => new HeldSlot(h.Slot, h.Job, h.Attempt))],
                Quarantined = live?.Quarantined ?? new Dictionary<int, string>(),
            });
        }

        return Reply.Json(summaries);
    }

    private static async Task<IResult> ShutdownAsync(HttpContext context, ISiloControl silo)
    {
        var body = await RequestBody.ReadAsync<ShutdownBody>(context).ConfigureAwait(false);
        if (body.Grace is { } seconds && !(seconds is >= 0 and <= 3600))
        {
            throw ApiException.BadRequest($"grace {seconds}: 0 to 3600 seconds are allowed");
        }

        // The answer goes out first: the drain closes the connections.
        context.Response.OnCompleted(() =>
        {
            silo.Shutdown(body.Grace is { } grace ? TimeSpan.FromSeconds(grace) : null);
            return Task.CompletedTask;
        });
        return Reply.Json(
            new WishReply(true, "the silo drains: trials checkpoint and go on at the next start"),
            StatusCodes.Status202Accepted);
    }
}
