using Microsoft.AspNetCore.Http.Features;
using Sweeps.Core.Objects;
using Sweeps.Web.Errors;

namespace Sweeps.Web.Objects;

/// <summary>Uploads of data files, named by their SHA-256.</summary>
internal static class ObjectEndpoints
{
    /// <summary>Largest upload.</summary>
    public const long MaxBytes = 2L * 1024 * 1024 * 1024;

    public static void Map(RouteGroupBuilder api)
    {
        api.MapMethods("/objects/{sha256}", [HttpMethods.Head], Head);
        api.MapPut("/objects/{sha256}", PutAsync);
    }

    /// <summary>Whether the text is a SHA-256 in lower-case hex: nothing else may become part of a path.</summary>
    public static bool IsSha256(string text) => text.Length == 64 && text.All(char.IsAsciiHexDigitLower);

    private static IResult Head(string sha256, IObjectStore objects) =>
        objects.Touch(Checked(sha256)) ? Results.Ok() : Results.NotFound();

    private static async Task<IResult> PutAsync(string sha256, HttpContext context, IObjectStore objects)
    {
        _ = Checked(sha256);
        if (context.Request.ContentLength > MaxBytes)
        {
            throw new ApiException(
                StatusCodes.Status413PayloadTooLarge, $"{context.Request.ContentLength} bytes: at most {MaxBytes} (2 GB) are taken");
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            // The store counts the bytes itself, so that a chunked body meets its own, clearer message.
            limit.MaxRequestBodySize = MaxBytes + 1;
        }

        try
        {
            var bytes = await objects.PutAsync(context.Request.Body, sha256, MaxBytes, context.RequestAborted)
                .ConfigureAwait(false);
            return Reply.Json(new StoredObject(sha256, bytes));
        }
        catch (InvalidDataException e)
        {
            throw ApiException.BadRequest(e.Message);
        }
        catch (IOException e) when (e is not BadHttpRequestException && !context.RequestAborted.IsCancellationRequested)
        {
            throw new ApiException(StatusCodes.Status507InsufficientStorage, $"the object could not be stored: {e.Message}");
        }
    }

    private static string Checked(string sha256) =>
        IsSha256(sha256)
            ? sha256
            : throw ApiException.BadRequest($"'{sha256}' is not a SHA-256: 64 lower-case hex digits are needed");

    private sealed record StoredObject(string Sha256, long Bytes);
}
