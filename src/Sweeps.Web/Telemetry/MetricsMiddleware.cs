namespace Sweeps.Web.Telemetry;

/// <summary>Has the gauges read before a scrape.</summary>
internal sealed class MetricsMiddleware(RequestDelegate next, SweepsGauges gauges)
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (context.Request.Path.StartsWithSegments("/metrics"))
        {
            await gauges.RefreshAsync(context.RequestAborted).ConfigureAwait(false);
        }

        await next(context).ConfigureAwait(false);
    }
}
