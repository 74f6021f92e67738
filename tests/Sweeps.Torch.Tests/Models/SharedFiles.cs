using Xunit;

namespace Sweeps.Torch.Tests.Models;

/// <summary>Reference files that lie beside the repository, or where SWEEPS_SHARED says; tests are skipped without.</summary>
internal static class SharedFiles
{
    public static string Golden(string file) => Need(Path.Combine("golden", file));

    /// <summary>A file or folder under the shared folder; skips the test when it is absent.</summary>
    public static string Need(string relative)
    {
        var root = Environment.GetEnvironmentVariable("SWEEPS_SHARED");
        if (string.IsNullOrEmpty(root))
        {
            root = Path.Combine(RepositoryRoot(), "..", "shared");
        }

        var path = Path.GetFullPath(Path.Combine(root, relative));
        Assert.SkipUnless(Path.Exists(path), $"needs {relative} of the shared folder (SWEEPS_SHARED)");
        return path;
    }

    public static string RepositoryRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Sweeps.sln")))
        {
            folder = Path.GetDirectoryName(folder)
                ?? throw new InvalidOperationException("Sweeps.sln is not above the tests' folder");
        }

        return folder;
    }
}
