using System.Reflection;
using Sweeps.Silo.Options;
using Sweeps.Web.Silo;

namespace Sweeps.Silo.Hosting;

/// <summary>The process as the API sees it.</summary>
internal sealed class SiloControl(SiloSettings options, IHostApplicationLifetime lifetime) : ISiloControl
{
    /// <summary>Version of the product.</summary>
    public static string ProductVersion { get; } =
        typeof(SiloControl).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";

    public string Version => ProductVersion;

    public string Build => options.Build;

    public bool Stays => options.Stays;

    public long StartedAt => options.StartedAt;

    /// <summary>Longest drain: the silo's own, or what the shutdown asked for.</summary>
    public TimeSpan Grace { get; private set; } = options.Grace;

    public void Shutdown(TimeSpan? grace)
    {
        Grace = grace ?? Grace;
        lifetime.StopApplication();
    }
}
