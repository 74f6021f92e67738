using Microsoft.Extensions.Hosting;
using Sweeps.Web.Errors;

namespace Sweeps.Web.Health;

/// <summary>
/// <c>/health/startup</c>, <c>/health/ready</c> (the ledger answers, a worker takes work), <c>/health/live</c> (this
/// process only).
/// </summary>
internal static class HealthEndpoints
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/health/live", () => Reply.Json(new HealthReply("live", null)));
        routes.MapGet("/health/startup", (IHostApplicationLifetime lifetime) =>
            Answer(lifetime.ApplicationStarted.IsCancellationRequested ? null : "starting"));
        routes.MapGet("/health/ready", async (Readiness readiness, CancellationToken cancellation) =>
            Answer(await readiness.WhyNotAsync(cancellation).ConfigureAwait(false)));
    }

    private static IResult Answer(string? whyNot) => whyNot is null
        ? Reply.Json(new HealthReply("ok", null))
        : Reply.Json(new HealthReply("unavailable", whyNot), StatusCodes.Status503ServiceUnavailable);

    private sealed record HealthReply(string Status, string? Reason);
}
