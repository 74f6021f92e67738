namespace Sweeps.Silo.Options;

/// <summary>Where the trainer lies, and how it is started.</summary>
internal static class TrainerProgram
{
    /// <summary>The asked program, or the one beside the silo.</summary>
    /// <exception cref="UsageException">There is none.</exception>
    public static string Find(string? asked)
    {
        if (asked is not null)
        {
            var path = Path.GetFullPath(asked);
            return File.Exists(path) ? path : throw new UsageException($"--trainer {asked}: there is no such file");
        }

        // An installed copy: DIR/silo and DIR/trainer. A build: bin/Sweeps.Silo/release and bin/Sweeps.Trainer/release.
        var here = AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar);
        var parent = Path.GetDirectoryName(here) ?? here;
        string[] candidates =
        [
            Path.Combine(parent, "trainer", "Sweeps.Trainer.dll"),
            Path.Combine(Path.GetDirectoryName(parent) ?? parent, "Sweeps.Trainer", Path.GetFileName(here), "Sweeps.Trainer.dll"),
        ];
        return candidates.FirstOrDefault(File.Exists)
            ?? throw new UsageException($"no trainer at {string.Join(" or ", candidates)}: name it with --trainer PATH");
    }

    /// <summary>The command line of a trainer, the worker's own arguments left out.</summary>
    public static IReadOnlyList<string> Command(string program, IReadOnlyList<string> arguments) =>
        program.EndsWith(".dll", StringComparison.OrdinalIgnoreCase)
            ? [Dotnet(), program, .. arguments]
            : [program, .. arguments];

    /// <summary>The built-in base models: beside the trainer.</summary>
    public static string Bases(string program) => Path.Combine(Path.GetDirectoryName(program) ?? ".", "bases");

    private static string Dotnet()
    {
        if (Environment.ProcessPath is { } path && Path.GetFileName(path) == "dotnet")
        {
            return path;
        }

        // Started through its own executable: the runtime's folder is three levels below the one of dotnet.
        var runtime = Path.GetDirectoryName(typeof(object).Assembly.Location) ?? string.Empty;
        var beside = Path.GetFullPath(Path.Combine(runtime, "..", "..", "..", "dotnet"));
        return File.Exists(beside) ? beside : "dotnet";
    }
}
