using Sweeps.Core.Json;

namespace Sweeps.Web.Errors;

/// <summary>Bodies in the product's one JSON form.</summary>
internal static class Reply
{
    public static IResult Json<T>(T value, int status = StatusCodes.Status200OK) =>
        Results.Json(value, SweepsJson.Options, statusCode: status);

    /// <summary>Writes a body when no endpoint does it.</summary>
    public static Task WriteAsync<T>(HttpContext context, int status, T value)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(value, SweepsJson.Options, context.RequestAborted);
    }
}
