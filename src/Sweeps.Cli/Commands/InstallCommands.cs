using System.CommandLine;
using System.Diagnostics;
using Spectre.Console;
using Sweeps.Cli.Hosting;
using Sweeps.Core.Api;

namespace Sweeps.Cli.Commands;

/// <summary><c>install</c> and <c>uninstall</c>: a copy of command, silo, trainer and LibTorch, and <c>sweeps</c> on PATH.</summary>
internal static class InstallCommands
{
    public static IEnumerable<Command> Create(Context context)
    {
        yield return Install(context);
        yield return Uninstall(context);
    }

    private static Option<string> Prefix() => new("--prefix")
    {
        Description = "Where to: PREFIX/bin/sweeps and PREFIX/lib/sweeps.",
        DefaultValueFactory = _ => Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local"),
        HelpName = "PREFIX",
    };

    private static Command Install(Context context)
    {
        var prefix = Prefix();
        var command = new Command("install", "Put `sweeps` on PATH from a copy of this build; again upgrades.") { prefix };
        command.SetAction(async (parse, cancellation) =>
        {
            var root = Root(parse.GetValue(prefix)!);
            var library = Path.Combine(root, "lib", "sweeps");
            RefuseForeign(root, library);
            var builds = Builds.Find();
            var here = AppContext.BaseDirectory.TrimEnd('/');
            if (here.StartsWith(library + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            {
                throw new CliException("this is the installed copy itself", ExitCodes.BadInput, "to upgrade, run install from the newer build: dotnet run --project src/Sweeps.Cli -c Release -- install");
            }

            try
            {
                var fresh = $"{library}.new";
                Reset(fresh);
                await context.Console.Status().StartAsync("copying ...", _ => Task.Run(() => CopyAll(here, builds, fresh), cancellation));

                // The old copy steps aside in one rename and goes only when the new one is in place.
                var old = $"{library}.old";
                Reset(old, create: false);
                if (Directory.Exists(library))
                {
                    Directory.Move(library, old);
                }

                Directory.Move(fresh, library);
                Reset(old, create: false);
                WriteLauncher(root, library);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new CliException($"{root} cannot be written: {e.Message}", ExitCodes.Failed, "choose another place with --prefix");
            }

            var bin = Path.Combine(root, "bin");
            context.Console.MarkupLine($"installed sweeps {Builds.Version} in [bold]{Markup.Escape(bin)}/sweeps[/]");
            if (!(Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(':').Contains(bin, StringComparer.Ordinal))
            {
                context.Console.MarkupLine($"[yellow]{Markup.Escape(bin)} is not on PATH:[/] add  export PATH=\"{Markup.Escape(bin)}:$PATH\"  to your shell's profile");
            }

            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command Uninstall(Context context)
    {
        var prefix = Prefix();
        var command = new Command("uninstall", "Remove the installed copy; homes and their sweeps stay.") { prefix };
        command.SetAction((parse, _) =>
        {
            var root = Root(parse.GetValue(prefix)!);
            var launcher = Path.Combine(root, "bin", "sweeps");
            var library = Path.Combine(root, "lib", "sweeps");
            if (!Directory.Exists(library) && !File.Exists(launcher))
            {
                throw new CliException($"sweeps is not installed under {root}", ExitCodes.NotFound, "name its place with --prefix");
            }

            RefuseForeign(root, library);
            File.Delete(launcher);
            Reset(library, create: false);
            context.Console.WriteLine($"removed {launcher} and {library}; sweeps and their results stay in their homes");
            return Task.FromResult(ExitCodes.Ok);
        });
        return command;
    }

    private static string Root(string prefix) => prefix.Length > 0
        ? Path.GetFullPath(prefix)
        : throw new CliException("--prefix needs a folder", ExitCodes.BadInput, "leave it away for ~/.local");

    /// <summary>Only what install wrote is replaced or removed.</summary>
    /// <exception cref="CliException">Something else lies there.</exception>
    internal static void RefuseForeign(string root, string library)
    {
        var launcher = Path.Combine(root, "bin", "sweeps");
        var foreign = Directory.Exists(library) && !File.Exists(Path.Combine(library, "cli", "sweeps.dll"))
            && Directory.EnumerateFileSystemEntries(library).Any()
                ? library
                : File.Exists(launcher) && !File.ReadAllText(launcher).Contains("/lib/sweeps/cli/sweeps.dll", StringComparison.Ordinal)
                    ? launcher
                    : null;
        if (foreign is not null)
        {
            throw new CliException($"{foreign} was not written by `sweeps install`", ExitCodes.BadInput, "it is left alone: choose another place with --prefix, or move it away");
        }
    }

    private static void CopyAll(string cli, Builds builds, string target)
    {
        Copy(cli, Path.Combine(target, "cli"));
        Copy(builds.Silo, Path.Combine(target, "silo"));
        Copy(builds.Trainer, Path.Combine(target, "trainer"));
        if (HomeCopy.LibTorchOf(builds.Trainer) is { } libtorch)
        {
            Copy(libtorch, Path.Combine(target, "trainer", "libtorch"));
        }
    }

    private static void Copy(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var relative = Path.GetRelativePath(from, file);
            var target = Path.Combine(to, relative);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(File.ResolveLinkTarget(file, returnFinalTarget: true)?.FullName ?? file, target, overwrite: true);
        }
    }

    private static void WriteLauncher(string root, string library)
    {
        var bin = Path.Combine(root, "bin");
        Directory.CreateDirectory(bin);
        var launcher = Path.Combine(bin, "sweeps");
        var temporary = $"{launcher}.{Environment.ProcessId}";
        var dotnet = SiloProcess.DotnetPath();
        File.WriteAllText(temporary, $"#!/bin/sh\nexec \"{dotnet}\" \"{library}/cli/sweeps.dll\" \"$@\"\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(temporary, (UnixFileMode)Convert.ToInt32("755", 8));
        }

        File.Move(temporary, launcher, overwrite: true);
    }

    private static void Reset(string folder, bool create = true)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        if (create)
        {
            Directory.CreateDirectory(folder);
        }
    }
}
