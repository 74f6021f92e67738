namespace Sweeps.Web.Silo;

/// <summary>Counts the API's requests; a scraper's or a probe's do not keep a silo alive.</summary>
internal sealed class RequestClockMiddleware(RequestDelegate next, RequestClock clock)
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (!context.Request.Path.StartsWithSegments("/api"))
        {
            await next(context).ConfigureAwait(false);
            return;
        }

        clock.Begin();
        try
        {
            await next(context).ConfigureAwait(false);
        }
        finally
        {
            clock.End();
        }
    }
}
