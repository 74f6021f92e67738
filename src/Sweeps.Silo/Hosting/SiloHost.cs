using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Orleans.Configuration;
using Sweeps.Core.Homes;
using Sweeps.Core.Ledger;
using Sweeps.Core.Objects;
using Sweeps.Grains;
using Sweeps.Silo.Logging;
using Sweeps.Silo.Options;
using Sweeps.Silo.Telemetry;
using Sweeps.Storage.Cleaning;
using Sweeps.Storage.Objects;
using Sweeps.Storage.Sqlite;
using Sweeps.Web;
using Sweeps.Web.Security;
using Sweeps.Web.Silo;
using Sweeps.Web.Views;
using Sweeps.Worker;

namespace Sweeps.Silo.Hosting;

/// <summary>Composes the silo: this is the only place that knows which store is in use.</summary>
internal static class SiloHost
{
    /// <summary>For what ends after the drain: Orleans, the ledger.</summary>
    private static readonly TimeSpan AfterGrace = TimeSpan.FromSeconds(5);

    public static WebApplication Build(SiloSettings settings, SqliteLedger ledger, SiloLog log)
    {
        // No files, no environment, no command line of ASP.NET's own: what the silo does is what its options say.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "Sweeps.Silo" });
        builder.Logging.AddProvider(log)
            .SetMinimumLevel(LogLevel.Information)
            .AddFilter("Orleans", LogLevel.Warning)

            // Measures its first round from the machine's start; and a stop's stages are no news.
            .AddFilter("Orleans.Runtime.Watchdog", LogLevel.Error)
            .AddFilter("Orleans.Runtime.SiloLifecycleSubject", LogLevel.Error)
            .AddFilter("Orleans.Runtime.Silo", LogLevel.Error)
            .AddFilter("Polly", LogLevel.Warning)
            .AddFilter("Microsoft", LogLevel.Warning)
            .AddFilter("OpenTelemetry", LogLevel.Warning);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(settings.Listen, settings.Port, listen => listen.Protocols = HttpProtocols.Http1);
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = WebSetup.MaxBodyBytes;
            kestrel.Limits.MaxRequestHeadersTotalSize = 16 * 1024;
        });
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = settings.Grace + AfterGrace);
        AddOrleans(builder, settings);
        AddServices(builder.Services, settings, ledger);
        var app = builder.Build();
        app.UseSweepsWeb();
        app.MapPrometheusScrapingEndpoint("/metrics");
        return app;
    }

    private static void AddOrleans(WebApplicationBuilder builder, SiloSettings settings) =>
        builder.UseOrleans(silo =>
        {
            // One silo, whose members' table is its own memory: a killed and restarted process starts clean. Nobody
            // joins from outside, so there is no gateway.
            silo.UseLocalhostClustering(FreePort.Next(), gatewayPort: 0);
            silo.Configure<EndpointOptions>(endpoint => endpoint.AdvertisedIPAddress = IPAddress.Loopback);
            silo.Configure<SiloOptions>(names => names.SiloName = new WorkerOptions().Name);
            silo.AddSweepsGrains(settings.Lease);
        });

    private static void AddServices(IServiceCollection services, SiloSettings settings, SqliteLedger ledger)
    {
        var home = settings.Home;
        services
            .AddRouting()
            .AddSingleton(TimeProvider.System)
            .AddSingleton(settings)
            .AddSingleton(home)
            .AddSingleton<ILedger>(ledger)
            .AddSingleton<ISweepQueries>(ledger)
            .AddSingleton(new FolderObjectStore(home.Objects))
            .AddSingleton<IObjectStore>(all => all.GetRequiredService<FolderObjectStore>())
            .AddSingleton<IBaseModelStore>(new FolderBaseModelStore(TrainerProgram.Bases(settings.Trainer), home, settings.Roots))
            .AddSingleton<CheckpointPins>()
            .AddSingleton<IReadPins, ReadPins>()
            .AddSingleton<Janitor>()
            .AddSingleton(new ApiToken(HomeToken.ReadOrCreate(home)))
            .AddSingleton<SiloControl>()
            .AddSingleton<ISiloControl>(all => all.GetRequiredService<SiloControl>())
            .AddSweepsWeb()
            .AddSweepsTelemetry();

        services.AddSingleton<Drained>();
        services.AddHostedService(all => all.GetRequiredService<Drained>());

        // After Orleans, so that it starts when grains can be called and drains while they still can.
        services.AddSweepsWorker(worker =>
        {
            worker.Home = home;
            worker.Slots = settings.Slots;
            worker.TrainerCommand = TrainerProgram.Command(settings.Trainer, settings.TrainerArguments);
            worker.Heartbeat = settings.Lease.Heartbeat;
            worker.SelfFence = settings.Lease.SelfFence;
            worker.Tick = settings.Lease.Tick;
            worker.JobHeartbeat = settings.Lease.Tick;
            worker.DrainGrace = settings.Grace;
            worker.BeatLimits.Still = settings.Still;
            worker.MinFreeBytes = settings.MinFreeMegabytes * 1024L * 1024L;
        });
        services.AddHostedService<JanitorService>();
        services.AddHostedService<SweepWatch>();
        services.AddHostedService<GraceWatchdog>();
    }
}
