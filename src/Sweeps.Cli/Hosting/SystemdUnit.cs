using System.Diagnostics;
using Spectre.Console;
using Sweeps.Core.Api;

namespace Sweeps.Cli.Hosting;

/// <summary>A systemd user unit for the silo of one home: started at login, restarted whenever it dies.</summary>
internal static class SystemdUnit
{
    public static async Task<int> InstallAsync(IAnsiConsole console, SiloProcess silo, CancellationToken cancellation)
    {
        var builds = Builds.Find();
        var hash = builds.Hash();
        Directory.CreateDirectory(silo.Home.Bin);
        var copy = HomeCopy.Ensure(silo.Home, builds, hash);
        var folder = Path.Combine(
            Environment.GetEnvironmentVariable("XDG_CONFIG_HOME") is { Length: > 0 } config
                ? config
                : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".config"),
            "systemd",
            "user");
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, "sweeps.service");
        var dotnet = SiloProcess.DotnetPath();
        var command = string.Join(' ', new[] { Where(dotnet), copy.SiloProgram }.Concat(silo.SiloArguments(copy, hash, stays: true)).Select(Quote));
        await File.WriteAllTextAsync(
            path,
            $"""
            [Unit]
            Description=Sweeps silo ({Escape(silo.Home.Root)})
            StartLimitIntervalSec=60
            StartLimitBurst=10

            [Service]
            ExecStart={command}
            Restart=always
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

        console.WriteLine("start it now and at every login:  systemctl --user daemon-reload && systemctl --user enable --now sweeps");
        console.WriteLine("keep it running while you are logged out:  loginctl enable-linger");
        return ExitCodes.Ok;
    }

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
            return string.Join(Environment.NewLine, error.Split('\n').Where(l => l.Contains("sweeps.service", StringComparison.Ordinal)));
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
