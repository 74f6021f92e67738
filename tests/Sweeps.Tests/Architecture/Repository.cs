namespace Sweeps.Tests.Architecture;

/// <summary>The sources that the running tests were built from.</summary>
internal static class Repository
{
    /// <summary>The folder that holds Sweeps.sln.</summary>
    public static string Root { get; } = Find();

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Sweeps.sln")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException($"no Sweeps.sln above {AppContext.BaseDirectory}");
    }
}
