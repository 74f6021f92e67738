using Sweeps.Core.Api;

namespace Sweeps.Web.Errors;

/// <summary>A refusal with its status; <see cref="ErrorMiddleware"/> writes it as the answer's body.</summary>
internal sealed class ApiException(int status, string message, IReadOnlyList<string>? details = null) : Exception(message)
{
    public int Status => status;

    public ApiError Body => new(Message, details);

    public static ApiException BadRequest(string message, IReadOnlyList<string>? details = null) =>
        new(StatusCodes.Status400BadRequest, message, details);

    public static ApiException NotFound(string message) => new(StatusCodes.Status404NotFound, message);

    public static ApiException Conflict(string message, IReadOnlyList<string>? details = null) =>
        new(StatusCodes.Status409Conflict, message, details);
}
