using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Spectre.Console;
using Sweeps.Core.Api;
using Sweeps.Core.Homes;

namespace Sweeps.Cli.Hosting;

/// <summary>A systemd user unit for the silo of one home: started at login, restarted whenever it dies.</summary>
internal static class SystemdUnit
{
    public static async Task<int> InstallAsync(IAnsiConsole console, SiloProcess silo, CancellationToken cancellation)
    {
        try
        {
            return await WriteAsync(console, silo, cancellation);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException($"the unit cannot be written: {e.Message}", ExitCodes.BadHome, "mend the permissions of ~/.config/systemd/user and of the home, or set XDG_CONFIG_HOME");
        }
    }

    private static async Task<int> WriteAsync(IAnsiConsole console, SiloProcess silo, CancellationToken cancellation)
    {
        var builds = Builds.Find();
        var hash = builds.Hash();
        Directory.CreateDirectory(silo.Home.Bin);
        await HomeCopy.EnsureAsync(silo.Home, builds, hash, cancellation);
        var copy = HomeCopy.KeepForService(silo.Home, hash);
        var folder = Path.Combine(
            Environment.GetEnvironmentVariable("XDG_CONFIG_HOME") is { Length: > 0 } config
                ? config
                : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".config"),
            "systemd",
            "user");
        Directory.CreateDirectory(folder);
        var unit = Name(silo.Home);
        var path = Path.Combine(folder, $"{unit}.service");
        var dotnet = SiloProcess.DotnetPath();
        var command = string.Join(' ', new[] { Where(dotnet), copy.SiloProgram }.Concat(silo.SiloArguments(copy, hash, stays: true)).Select(Quote));
        await File.WriteAllTextAsync(
            path,
            $"""
            [Unit]
            Description=Sweeps silo ({silo.Home.Root.Replace("%", "%%", StringComparison.Ordinal)})
            StartLimitIntervalSec=60
            StartLimitBurst=10

            [Service]
            ExecStart={command}
            # Not after a clean end: sweeps down means down.
            Restart=on-failure
            RestartSec=1
            KillMode=mixed
            TimeoutStopSec=60
            OOMScoreAdjust=-100

            [Install]
            WantedBy=default.target

            """,
            cancellation);
        console.WriteLine($"wrote {path}");
        if (await VerifyAsync(path, cancellation) is { Length: > 0 } complaint)
        {
            console.MarkupLine($"[yellow]systemd-analyze says:[/] {Markup.Escape(complaint)}");
            return ExitCodes.Failed;
        }

        console.WriteLine($"start it now and at every login:  systemctl --user daemon-reload && systemctl --user enable --now {unit}");
        console.WriteLine("keep it running while you are logged out:  loginctl enable-linger");
        return ExitCodes.Ok;
    }

    /// <summary><c>sweeps</c> for the default home; each other home has a unit of its own.</summary>
    internal static string Name(SweepsHome home) => home.OnCommandLine().Length == 0
        ? "sweeps"
        : $"sweeps-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(home.Root)))[..8]}";

    private static async Task<string> VerifyAsync(string path, CancellationToken cancellation)
    {
        try
        {
            var start = new ProcessStartInfo("systemd-analyze") { RedirectStandardError = true, RedirectStandardOutput = true };
            start.ArgumentList.Add("--user");
            start.ArgumentList.Add("verify");
            start.ArgumentList.Add(path);
            using var process = Process.Start(start)!;
            var error = await process.StandardError.ReadToEndAsync(cancellation);
            await process.WaitForExitAsync(cancellation);

            // Complaints about other units of the machine are not ours.
            return string.Join(Environment.NewLine, error.Split('\n').Where(l => l.Contains(Path.GetFileName(path), StringComparison.Ordinal)));
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return string.Empty;
        }
    }

    private static string Where(string program) => Path.IsPathRooted(program)
        ? program
        : (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(':')
            .Select(p => Path.Combine(p, program)).FirstOrDefault(File.Exists) ?? program;

    private static string Quote(string argument) => $"\"{Escape(argument).Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";

    private static string Escape(string text) => text.Replace("%", "%%", StringComparison.Ordinal).Replace("$", "$$", StringComparison.Ordinal);
}
