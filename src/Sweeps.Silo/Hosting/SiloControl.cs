using System.Reflection;
using Microsoft.Extensions.Options;
using Sweeps.Silo.Options;
using Sweeps.Web.Silo;
using Sweeps.Worker;

namespace Sweeps.Silo.Hosting;

/// <summary>The process as the API sees it.</summary>
internal sealed class SiloControl(
    SiloSettings settings, IOptions<WorkerOptions> worker, IHostApplicationLifetime lifetime) : ISiloControl
{
    /// <summary>Version of the product.</summary>
    public static string ProductVersion { get; } =
        typeof(SiloControl).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
            ?.InformationalVersion.Split('+')[0] ?? "0";

    public string Version => ProductVersion;

    public string Build => settings.Build;

    public bool Stays => settings.Stays;

    public long StartedAt => settings.StartedAt;

    /// <summary>Longest drain: the silo's own, or what the shutdown asked for.</summary>
    public TimeSpan Grace { get; private set; } = settings.Grace;

    public void Shutdown(TimeSpan? grace)
    {
        Grace = grace ?? Grace;
        worker.Value.DrainGrace = Grace;
        try
        {
            File.WriteAllText(settings.Home.DownFile, string.Empty);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // On a full disk a watch takes this for a death and starts the silo again: a nuisance, no loss.
        }

        lifetime.StopApplication();
    }
}
