using Sweeps.Core.Homes;

namespace Sweeps.Chaos.Tests.Silo;

/// <summary>A home that goes with its test.</summary>
internal sealed class TemporaryHome : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sweeps-silo-");

    public TemporaryHome() => Home = new SweepsHome(Path.Combine(_folder.FullName, "home"));

    public SweepsHome Home { get; }

    /// <summary>The folder around it.</summary>
    public string Folder => _folder.FullName;

    public void Dispose() => _folder.Delete(recursive: true);
}
