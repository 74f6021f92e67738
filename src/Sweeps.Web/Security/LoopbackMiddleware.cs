using System.Net;
using Microsoft.Net.Http.Headers;
using Sweeps.Core.Api;
using Sweeps.Web.Errors;

namespace Sweeps.Web.Security;

/// <summary>
/// The rules of loopback: the peer, the <c>Host</c> header (DNS rebinding) and the <c>Origin</c> header (other pages in
/// the same browser) must be this machine's, and all but <c>/metrics</c> and <c>/health</c> needs the home's token.
/// </summary>
internal sealed class LoopbackMiddleware(RequestDelegate next, ApiToken token)
{
    public Task InvokeAsync(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        headers.CacheControl = "no-store";
        var request = context.Request;
        if (context.Connection.RemoteIpAddress is not { } peer || !IPAddress.IsLoopback(peer))
        {
            return RefuseAsync(context, StatusCodes.Status403Forbidden, "only this machine may ask");
        }

        if (!IsLoopbackName(request.Host.Host))
        {
            return RefuseAsync(
                context,
                StatusCodes.Status403Forbidden,
                $"the Host header '{request.Host}' is not this machine's: use 127.0.0.1, localhost or [::1]");
        }

        var origins = request.Headers.Origin;
        if (origins.Count > 0 && !(origins.Count == 1 && IsSameOrigin(origins[0], request.Host)))
        {
            return RefuseAsync(
                context, StatusCodes.Status403Forbidden, $"requests from other pages are refused (Origin '{origins}')");
        }

        if (IsOpen(request.Path) || token.Matches(request.Headers.Authorization))
        {
            return next(context);
        }

        headers.Append(HeaderNames.WWWAuthenticate, "Bearer");
        return RefuseAsync(
            context,
            StatusCodes.Status401Unauthorized,
            "the home's token is needed: Authorization: Bearer followed by the content of the home's file 'token'");
    }

    private static bool IsOpen(PathString path) => path.StartsWithSegments("/health") || path.StartsWithSegments("/metrics");

    private static bool IsLoopbackName(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || host is "127.0.0.1" or "[::1]" or "::1";

    private static bool IsSameOrigin(string? origin, HostString host) =>
        Uri.TryCreate(origin, UriKind.Absolute, out var uri)
        && uri.Scheme == Uri.UriSchemeHttp
        && IsLoopbackName(uri.Host)
        && uri.Port == (host.Port ?? 80);

    private static Task RefuseAsync(HttpContext context, int status, string message) =>
        Reply.WriteAsync(context, status, new ApiError(message));
}
