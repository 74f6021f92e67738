using System.Runtime.CompilerServices;

namespace Sweeps.Tests.Data;

/// <summary>Reference files that are not part of the repository: $SWEEPS_SHARED, else ../shared beside it.</summary>
internal static class SharedFiles
{
    /// <summary>The path of a shared file; the test is skipped when it is absent.</summary>
    public static string Require(string relative, [CallerFilePath] string source = "")
    {
        string root = Environment.GetEnvironmentVariable("SWEEPS_SHARED") is { Length: > 0 } given
            ? given
            : Path.Combine(RepositoryRoot(source), "..", "shared");
        string path = Path.GetFullPath(Path.Combine(root, relative));
        Assert.SkipUnless(Path.Exists(path), $"needs {relative} in $SWEEPS_SHARED or ../shared");
        return path;
    }

    private static string RepositoryRoot(string source)
    {
        foreach (string start in (string[])[AppContext.BaseDirectory, Path.GetDirectoryName(source) ?? "."])
        {
            for (DirectoryInfo? folder = new(start); folder is not null; folder = folder.Parent)
            {
                if (File.Exists(Path.Combine(folder.FullName, "Sweeps.sln")))
                {
                    return folder.FullName;
                }
            }
        }

        throw new InvalidOperationException("The tests do not lie in the repository.");
    }
}
