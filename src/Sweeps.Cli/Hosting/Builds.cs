using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Sweeps.Core.Api;

namespace Sweeps.Cli.Hosting;

/// <summary>
/// Where the silo and the trainer that belong to this command lie: beside it in an installed copy
/// (<c>../silo</c>, <c>../trainer</c>), or in the build's output folders.
/// </summary>
internal sealed record Builds(string Silo, string Trainer)
{
    public string SiloProgram => Path.Combine(Silo, "Sweeps.Silo.dll");

    public string TrainerProgram => Path.Combine(Trainer, "Sweeps.Trainer.dll");

    public static string Version =>
        typeof(Builds).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
            .Split('+')[0] ?? "0";

    /// <exception cref="CliException">Neither layout is there.</exception>
    public static Builds Find()
    {
        var here = AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar);
        var configuration = Path.GetFileName(here);
        var bin = Path.GetDirectoryName(Path.GetDirectoryName(here)) ?? here;
        Builds[] candidates =
        [
            new(Path.Combine(Path.GetDirectoryName(here) ?? here, "silo"), Path.Combine(Path.GetDirectoryName(here) ?? here, "trainer")),
            new(Path.Combine(bin, "Sweeps.Silo", configuration), Path.Combine(bin, "Sweeps.Trainer", configuration)),
        ];
        return candidates.FirstOrDefault(c => File.Exists(c.SiloProgram) && File.Exists(c.TrainerProgram))
            ?? throw new CliException(
                $"the silo and the trainer are not beside {here}",
                ExitCodes.Failed,
                "build the solution (dotnet build Sweeps.sln -c Release), or install again (sweeps install)");
    }

    /// <summary>
    /// Hash of what would run: contents of our own assemblies, names and sizes of the rest (LibTorch, which has its own
    /// version, is left out).
    /// </summary>
    public string Hash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var root in new[] { Silo, Trainer })
        {
            foreach (var file in Files(root))
            {
                var name = Path.GetRelativePath(root, file);
                hash.AppendData(Encoding.UTF8.GetBytes($"{name}\0{new FileInfo(file).Length}\n"));
                if (name.StartsWith("Sweeps.", StringComparison.Ordinal) || name.StartsWith("bases", StringComparison.Ordinal))
                {
                    hash.AppendData(File.ReadAllBytes(file));
                }
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }

    /// <summary>The files of a build in a fixed order, LibTorch left out.</summary>
    public static IEnumerable<string> Files(string root) =>
        Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories)
            .Where(f => !Path.GetRelativePath(root, f).StartsWith("libtorch" + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal);
}
