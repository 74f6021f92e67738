namespace Sweeps.Web.Errors;

/// <summary>The query parameters that an endpoint takes; it has none without this.</summary>
internal sealed record QueryNames(params string[] Names);

/// <summary>Refuses query parameters that an endpoint does not have: a mistyped one would silently do nothing.</summary>
internal sealed class KnownQuery : IEndpointFilter
{
    public ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var request = context.HttpContext.Request;
        var known = context.HttpContext.GetEndpoint()?.Metadata.GetMetadata<QueryNames>()?.Names ?? [];
        return request.Query.Keys.FirstOrDefault(key => !known.Contains(key, StringComparer.OrdinalIgnoreCase)) is { } stray
            ? throw ApiException.BadRequest(
                $"{request.Path} has no query parameter '{stray}'"
                + (known.Length == 0 ? ": it has none" : $": it has {string.Join(", ", known)}"))
            : next(context);
    }
}
