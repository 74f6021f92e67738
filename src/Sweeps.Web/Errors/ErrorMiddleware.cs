using Sweeps.Abstractions;
using Sweeps.Core.Api;
using Sweeps.Core.Ledger;

namespace Sweeps.Web.Errors;

/// <summary>Turns every exception into an <see cref="ApiError"/>. Stack traces go to the log, never into an answer.</summary>
internal sealed partial class ErrorMiddleware(RequestDelegate next, ILogger<ErrorMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client has left: there is nobody to tell.
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            var (status, error) = Describe(context, e);
            if (status >= StatusCodes.Status500InternalServerError)
            {
                LogFailure(logger, e, context.Request.Method, context.Request.Path);
            }

            await Reply.WriteAsync(context, status, error).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            LogFailure(logger, e, context.Request.Method, context.Request.Path);
            context.Abort();
        }
    }

    private static (int Status, ApiError Error) Describe(HttpContext context, Exception e) => e switch
    {
        ApiException known => (known.Status, known.Body),
        BadHttpRequestException bad => (bad.StatusCode, new ApiError(bad.Message)),
        LedgerFullException full => (StatusCodes.Status507InsufficientStorage, new ApiError(full.Message)),
        OutcomeUnknownException { DiskFull: { } full } => (StatusCodes.Status507InsufficientStorage, new ApiError(full)),
        TimeoutException or OrleansException or OutcomeUnknownException => (
            StatusCodes.Status503ServiceUnavailable,
            new ApiError("the silo did not answer in time: try again; nothing is lost, a repeated command changes nothing")),
        _ => (
            StatusCodes.Status500InternalServerError,
            new ApiError(
                $"{context.Request.Method} {context.Request.Path} failed unexpectedly: logs/silo.log in the home says more")),
    };

    [LoggerMessage(1, LogLevel.Error, "{Method} {Path} failed")]
    private static partial void LogFailure(ILogger logger, Exception error, string method, PathString path);
}
