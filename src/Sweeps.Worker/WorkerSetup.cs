using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Sweeps.Core.Objects;
using Sweeps.Worker.Calls;
using Sweeps.Worker.Machine;
using Sweeps.Worker.Trainers;

namespace Sweeps.Worker;

/// <summary>Puts a worker into a silo.</summary>
public static class WorkerSetup
{
    /// <summary>
    /// Adds the worker as a hosted service. Call it after <c>UseOrleans</c>, so that it starts when grains can be called
    /// and stops before they cannot. Needs <see cref="IGrainFactory"/> and <see cref="IObjectStore"/>. The host's
    /// shutdown timeout has to be longer than <see cref="WorkerOptions.DrainGrace"/>.
    /// </summary>
    public static IServiceCollection AddSweepsWorker(this IServiceCollection services, Action<WorkerOptions> configure)
    {
        services.Configure(configure);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IMachine, LinuxMachine>();
        services.TryAddSingleton<IWorkerCalls, GrainCalls>();
        services.TryAddSingleton<ITrainerLauncher, TrainerLauncher>();
        services.TryAddSingleton(all => new WorkerService(
            all.GetRequiredService<IOptions<WorkerOptions>>(),
            all.GetRequiredService<IWorkerCalls>(),
            all.GetRequiredService<ITrainerLauncher>(),
            all.GetRequiredService<IObjectStore>(),
            all.GetRequiredService<IMachine>(),
            all.GetRequiredService<TimeProvider>(),
            all.GetRequiredService<ILogger<WorkerService>>()));
        return services.AddHostedService(all => all.GetRequiredService<WorkerService>());
    }
}
