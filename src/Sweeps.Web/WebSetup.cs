using Microsoft.Extensions.DependencyInjection.Extensions;
using Sweeps.Core.Api;
using Sweeps.Web.Commands;
using Sweeps.Web.Errors;
using Sweeps.Web.Grains;
using Sweeps.Web.Health;
using Sweeps.Web.Launch;
using Sweeps.Web.Objects;
using Sweeps.Web.Security;
using Sweeps.Web.Silo;
using Sweeps.Web.Streaming;
using Sweeps.Web.Telemetry;
using Sweeps.Web.Views;

namespace Sweeps.Web;

/// <summary>Puts the API into a host.</summary>
public static class WebSetup
{
    /// <summary>Longest body of a request that is no upload.</summary>
    public const long MaxBodyBytes = RequestBody.MaxJsonBytes;

    /// <summary>
    /// Registers the API. The host brings <c>ILedger</c>, <c>ISweepQueries</c>, <c>IObjectStore</c>,
    /// <c>IBaseModelStore</c>, <c>SweepsHome</c>, <see cref="ISiloControl"/> and <see cref="ApiToken"/>.
    /// </summary>
    public static IServiceCollection AddSweepsWeb(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<ISweepsGrains, OrleansGrains>();
        services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        services.AddSingleton<SweepBoards>();
        services.AddSingleton<SweepReader>();
        services.AddSingleton<RequestClock>();
        services.AddSingleton<Readiness>();
        services.AddSingleton<MetricsReader>();
        services.AddSingleton<SweepsGauges>();
        return services;
    }

    /// <summary>Maps the routes, behind the rules of loopback.</summary>
    public static void UseSweepsWeb(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.UseMiddleware<ErrorMiddleware>();
        app.UseMiddleware<LoopbackMiddleware>();
        app.UseStatusCodePages(context => WriteStatusAsync(context.HttpContext));
        app.UseRouting();
        app.UseMiddleware<RequestClockMiddleware>();
        app.UseMiddleware<MetricsMiddleware>();
        HealthEndpoints.Map(app);
        var api = app.MapGroup("/api/v1");
        api.AddEndpointFilter<RouteGroupBuilder, KnownQuery>();
        SiloEndpoints.Map(api);
        ObjectEndpoints.Map(api);
        LaunchEndpoint.Map(api);
        SweepEndpoints.Map(api);
        StreamEndpoint.Map(api);
        CommandEndpoints.Map(api);
    }

    /// <summary>Gives the framework's bare refusals (no such route, wrong method) a body too.</summary>
    private static Task WriteStatusAsync(HttpContext context)
    {
        var request = context.Request;
        return context.Response.StatusCode switch
        {
            // A HEAD has no body.
            _ when HttpMethods.IsHead(request.Method) => Task.CompletedTask,
            StatusCodes.Status404NotFound => Reply.WriteAsync(
                context, StatusCodes.Status404NotFound, new ApiError($"no such address: {request.Method} {request.Path}")),
            StatusCodes.Status405MethodNotAllowed => Reply.WriteAsync(
                context, StatusCodes.Status405MethodNotAllowed, new ApiError($"{request.Method} is not for {request.Path}")),
            var status => Reply.WriteAsync(context, status, new ApiError($"{request.Method} {request.Path} is refused ({status})")),
        };
    }
}
