using System.Diagnostics;

namespace Sweeps.Chaos.Tests.Kill;

/// <summary>The built product, started as a user would.</summary>
internal static class Product
{
    /// <summary>Whether the long forms run.</summary>
    public static bool Full { get; } = Environment.GetEnvironmentVariable("SWEEPS_FULL") == "1";

    private static string Cli { get; } = Find();

    /// <summary>A command line of <c>sweeps</c>, not yet started; output is redirected.</summary>
    public static ProcessStartInfo Command(IReadOnlyDictionary<string, string> environment, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(Dotnet())
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        start.ArgumentList.Add(Cli);
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return start;
    }

    /// <summary>The <c>dotnet</c> that runs the tests.</summary>
    public static string Dotnet() =>
        Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } host ? host : "dotnet";

    private static string Find()
    {
        var here = AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar);
        var configuration = Path.GetFileName(here);
        var bin = Path.GetDirectoryName(Path.GetDirectoryName(here))!;
        var path = Path.Combine(bin, "Sweeps.Cli", configuration, "sweeps.dll");
        return File.Exists(path) ? path : throw new FileNotFoundException($"{path} is missing: build the solution first");
    }
}
