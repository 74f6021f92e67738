using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;
using Sweeps.Core.Json;

namespace Sweeps.Abstractions;

/// <summary>How messages travel: Orleans' System.Text.Json codec with <see cref="SweepsJson.Options"/>, for the types of <c>Sweeps.*</c>.</summary>
public static class SweepsSerializer
{
    /// <summary>Registers it; silo, client and test clusters share this.</summary>
    public static IServiceCollection AddSweepsSerializer(this IServiceCollection services) =>
        services.AddSerializer(builder => builder.AddJsonSerializer(IsMessage, SweepsJson.Options));

    // Exceptions go by Orleans' own codec; everything else of ours is a plain record.
    private static bool IsMessage(Type type) =>
        type.Namespace?.StartsWith("Sweeps.", StringComparison.Ordinal) == true && !typeof(Exception).IsAssignableFrom(type);
}
