using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Sweeps.Core.Api;
using Sweeps.Core.Homes;
using Sweeps.Core.Ledger;
using Sweeps.Core.Unicode;
using Sweeps.Silo.Logging;
using Sweeps.Silo.Options;
using Sweeps.Silo.Telemetry;
using Sweeps.Storage.Homes;
using Sweeps.Storage.Sqlite;
using Sweeps.Web.Health;
using SiloAddress = Sweeps.Core.Homes.SiloAddress;

namespace Sweeps.Silo.Hosting;

/// <summary>One life of the process: options, home, host, end.</summary>
internal static partial class SiloProcess
{
    /// <summary>Starts that met a port taken by somebody else in the same moment are tried again so often.</summary>
    private const int Starts = 5;

    /// <summary>An address is told even if no worker registers in this time, so that somebody can ask why.</summary>
    private static readonly TimeSpan ReadyWithin = TimeSpan.FromSeconds(15);

    public static async Task<int> RunAsync(string[] arguments, TimeProvider time)
    {
        if (arguments.Contains("--help") || arguments.Contains("-h"))
        {
            Console.WriteLine(SiloArguments.Help);
            return ExitCodes.Ok;
        }

        if (arguments.Contains("--version"))
        {
            Console.WriteLine(SiloControl.ProductVersion);
            return ExitCodes.Ok;
        }

        if (UnicodeData.Problem is { } problem)
        {
            return Refuse(ExitCodes.Unhealthy, $"{problem}. {UnicodeData.Fix}");
        }

        try
        {
            var settings = SiloArguments.Read(arguments, Environment.GetEnvironmentVariable) with
            {
                StartedAt = time.GetUtcNow().ToUnixTimeMilliseconds(),
            };
            return settings.Port != 0 && !FreePort.IsFree(settings.Listen, settings.Port)
                ? Refuse(ExitCodes.PortInUse, PortInUse(settings))
                : await HoldAsync(settings, time).ConfigureAwait(false);
        }
        catch (UsageException e)
        {
            return Refuse(ExitCodes.BadInput, e.Message);
        }
        catch (HomeException e)
        {
            return Refuse(ExitCodes.BadHome, e.Message);
        }
        catch (LedgerFullException e)
        {
            return Refuse(ExitCodes.BadHome, e.Message);
        }
        catch (Exception e)
        {
            return Refuse(ExitCodes.Failed, $"the silo ended for an unforeseen reason, {e.GetType().Name}: {e.Message}. What is committed is not lost");
        }
    }

    /// <summary>Holds the home from here to the end of the process.</summary>
    private static async Task<int> HoldAsync(SiloSettings settings, TimeProvider time)
    {
        // Trainers' pipes and grains' calls must not wait for the pool to grow.
        ThreadPool.SetMinThreads(32, 32);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal => signal.Cancel = true);
        using var guard = await HomeGuard.OpenAsync(settings.Home, clock: time).ConfigureAwait(false);
        using var log = new SiloLog(settings.Home.Logs, time, Console.Error);
        SiloFile.RemoveFormer(settings.Home);
        File.Delete(settings.Home.DownFile);
        var ledger = SqliteLedger.Open(settings.Home.Ledger, time);
        await using (ledger.ConfigureAwait(false))
        {
            for (var start = 1; ; start++)
            {
                var app = SiloHost.Build(settings, ledger, log);
                await using (app.ConfigureAwait(false))
                {
                    try
                    {
                        await app.StartAsync().ConfigureAwait(false);
                    }
                    catch (Exception e) when (FreePort.WasTaken(e) && settings.Port == 0 && start < Starts)
                    {
                        continue;
                    }
                    catch (Exception e) when (FreePort.WasTaken(e))
                    {
                        return Refuse(ExitCodes.PortInUse, PortInUse(settings));
                    }
                    catch (Exception e)
                    {
                        log.Write(LogLevel.Critical, nameof(SiloProcess), "the silo could not start", e);
                        return ExitCodes.Failed;
                    }

                    TelemetrySetup.ShowZeros();
                    await TellAsync(app, settings, time).ConfigureAwait(false);
                    await StopAsync(app).ConfigureAwait(false);
                    SiloFile.Remove(settings.Home);
                    return ExitCodes.Ok;
                }
            }
        }
    }

    /// <summary>Waits for the end to be asked for, and stops everything.</summary>
    private static async Task StopAsync(WebApplication app)
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = app.Lifetime.ApplicationStopping.Register(asked.SetResult);
        await asked.Task.ConfigureAwait(false);
        var enough = app.Services.GetRequiredService<Drained>().Enough;
        try
        {
            await app.StopAsync(enough).ConfigureAwait(false);
        }
        catch (Exception) when (enough.IsCancellationRequested)
        {
            // Services that were cut short say so by throwing.
        }
    }

    /// <summary>Writes the address once the silo is ready.</summary>
    private static async Task TellAsync(WebApplication app, SiloSettings settings, TimeProvider time)
    {
        var readiness = app.Services.GetRequiredService<Readiness>();
        var began = time.GetTimestamp();
        var stopping = app.Lifetime.ApplicationStopping;
        string? why;
        while ((why = await readiness.WhyNotAsync(CancellationToken.None).ConfigureAwait(false)) is not null
            && time.GetElapsedTime(began) < ReadyWithin
            && !stopping.IsCancellationRequested)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), time).ConfigureAwait(false);
        }

        if (why is not null && !stopping.IsCancellationRequested)
        {
            LogNotReady(app.Logger, why);
        }

        var url = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        SiloFile.Write(
            settings.Home,
            new SiloAddress(
                url,
                Environment.ProcessId,
                ProcessIdentity.Current.StartTime,
                settings.Build.Length == 0 ? SiloControl.ProductVersion : $"{SiloControl.ProductVersion}+{settings.Build}",
                settings.Stays,
                new SiloStartOptions(
                    settings.Port == 0 ? null : settings.Port,
                    settings.Slots == 0 ? null : settings.Slots,
                    settings.Grace.TotalSeconds,
                    settings.Roots)));
        LogReady(app.Logger, url, Environment.ProcessId);
    }

    private static string PortInUse(SiloSettings settings) =>
        $"port {settings.Port} on {settings.Listen} is in use: leave --port away for a free one, or end what listens there (ss -ltnp)";

    private static int Refuse(int code, string message)
    {
        Console.Error.WriteLine(message);
        return code;
    }

    [LoggerMessage(1, LogLevel.Information, "ready at {Url}, pid {ProcessId}")]
    private static partial void LogReady(ILogger logger, string url, int processId);

    [LoggerMessage(2, LogLevel.Warning, "not ready yet: {Reason}")]
    private static partial void LogNotReady(ILogger logger, string reason);
}
