using System.Text.Json;
using System.Text.Json.Serialization;
using Sweeps.Core.Json;

namespace Sweeps.Web.Errors;

/// <summary>Reads bounded JSON bodies.</summary>
internal static class RequestBody
{
    /// <summary>Longest JSON body: a spec (1 MB) with what the client found in the data.</summary>
    public const long MaxJsonBytes = 8 * 1024 * 1024;

    /// <summary>
    /// Stricter than for what we wrote ourselves: a member that is not known or not given would be taken for its default,
    /// and a mistyped <c>pause</c> would resume.
    /// </summary>
    private static readonly JsonSerializerOptions Strict = new(SweepsJson.Options)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
    };

    /// <summary>Reads the body as <typeparamref name="T"/>, whatever its declared content type.</summary>
    /// <exception cref="ApiException">It is none, with the place and the members that it may have.</exception>
    public static async Task<T> ReadAsync<T>(HttpContext context)
        where T : class
    {
        try
        {
            return await JsonSerializer.DeserializeAsync<T>(context.Request.Body, Strict, context.RequestAborted)
                .ConfigureAwait(false)
                ?? throw ApiException.BadRequest($"the body is null: {Members<T>()}");
        }
        catch (JsonException e)
        {
            var place = e.LineNumber is { } line ? $" at {e.Path ?? "$"} (line {line + 1}, byte {e.BytePositionInLine + 1})" : string.Empty;
            throw ApiException.BadRequest($"the body cannot be taken{place}: {Members<T>()}");
        }
    }

    private static string Members<T>() => "a JSON object is needed with " + string.Join(
        ", ",
        Strict.GetTypeInfo(typeof(T)).Properties.Select(p => p.IsRequired || p.AssociatedParameter is { HasDefaultValue: false } ? p.Name : $"{p.Name} (optional)"));
}
