using System.Text.Json;
using Sweeps.Core.Json;

namespace Sweeps.Web.Errors;

/// <summary>Reads bounded JSON bodies.</summary>
internal static class RequestBody
{
    /// <summary>Longest JSON body: a spec (1 MB) with what the client found in the data.</summary>
    public const long MaxJsonBytes = 8 * 1024 * 1024;

    /// <summary>Reads the body as <typeparamref name="T"/>, whatever its declared content type.</summary>
    /// <exception cref="ApiException">It is none, with the place.</exception>
    public static async Task<T> ReadAsync<T>(HttpContext context)
        where T : class
    {
        try
        {
            return await JsonSerializer.DeserializeAsync<T>(context.Request.Body, SweepsJson.Options, context.RequestAborted)
                .ConfigureAwait(false)
                ?? throw ApiException.BadRequest($"the body is null: a {typeof(T).Name} is needed");
        }
        catch (JsonException e)
        {
            throw ApiException.BadRequest($"the body is not a {typeof(T).Name}: {e.Message}");
        }
    }
}
