using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Sweeps.Abstractions;
using Sweeps.Grains.Recovery;
using Sweeps.Grains.Sweep;

namespace Sweeps.Grains;

/// <summary>
/// What a silo needs for the grains. The composition adds the ledger (<see cref="Core.Ledger.ILedger"/>) and the queries
/// (<see cref="Core.Ledger.ISweepQueries"/>), and gives the silo its worker's stable name.
/// </summary>
public static class GrainsSetup
{
    /// <summary>Adds the messages' serializer, the lease's times, the pulse and the membership watcher.</summary>
    /// <param name="services">The silo's services; Orleans is added before this, so that the pulse starts after it.</param>
    /// <param name="options">Lease times; null: the defaults.</param>
    public static IServiceCollection AddSweepsGrains(this IServiceCollection services, LeaseOptions? options = null)
    {
        services.AddSweepsSerializer();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton((options ?? new LeaseOptions()).Checked());
        services.TryAddSingleton<ILaunchPlanner, SpecLaunchPlanner>();
        services.AddSingleton<PulseService>();
        services.AddHostedService(s => s.GetRequiredService<PulseService>());
        services.AddHostedService<MembershipWatcher>();
        return services;
    }

    /// <summary>The same, within Orleans' own builder.</summary>
    public static ISiloBuilder AddSweepsGrains(this ISiloBuilder silo, LeaseOptions? options = null)
    {
        silo.Services.AddSweepsGrains(options);
        return silo;
    }
}
