using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Sweeps.Cli.Http;
using Sweeps.Core.Api;
using Sweeps.Core.Homes;
using Sweeps.Core.Json;

namespace Sweeps.Cli.Hosting;

/// <summary>Finds the silo of a home, or starts it in a session of its own, so that it outlives this command.</summary>
internal sealed class SiloProcess(SweepsHome home, SiloStartOptions options)
{
    /// <summary>Longest wait for a silo to become ready: a former one may take 15 s to leave the home.</summary>
    private static readonly TimeSpan ReadyWithin = TimeSpan.FromSeconds(60);

    /// <summary>Longest wait for one that has told its address: it was ready once, or nearly.</summary>
    private static readonly TimeSpan AnswersWithin = TimeSpan.FromSeconds(20);

    /// <summary>A person is told what a command waits for after this.</summary>
    private static readonly TimeSpan SaidAfter = TimeSpan.FromSeconds(2);

    public SweepsHome Home { get; } = home;

    /// <summary>Starts silos of this home as a former one was started.</summary>
    public SiloProcess Like(SiloAddress former) => new(Home, former.Options ?? options);

    /// <summary>The running silo's address; null when none runs.</summary>
    public SiloAddress? Find()
    {
        try
        {
            var address = SweepsJson.Read<SiloAddress>(File.ReadAllText(Home.SiloFile));
            return ProcessIdentity.Of(address.ProcessId) is { } process && process.StartTime == address.StartTime ? address : null;
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Hash of the build that the home's silo runs; null when none runs.</summary>
    public static string? BuildOf(SweepsHome home) =>
        new SiloProcess(home, new SiloStartOptions()).Find() is { } address && address.Version.IndexOf('+', StringComparison.Ordinal) is >= 0 and var plus
            ? address.Version[(plus + 1)..]
            : null;

    /// <summary>A client of the running silo, started first if need be.</summary>
    /// <param name="stays">Whether a silo started here stays after its last sweep.</param>
    public async Task<SiloClient> EnsureAsync(bool stays, CancellationToken cancellation)
    {
        if (Find() is { } running)
        {
            return await ConnectAsync(running, cancellation);
        }

        return await StartAsync(stays, cancellation);
    }

    /// <summary>A client of the running silo, or null.</summary>
    public async Task<SiloClient?> TryConnectAsync(CancellationToken cancellation) =>
        Find() is { } running ? await ConnectAsync(running, cancellation) : null;

    private SiloClient Client(SiloAddress address) =>
        new(address, HomeToken.Read(Home) ?? throw new CliException($"{Home.TokenFile} is missing", ExitCodes.BadHome, $"stop the silo (its pid is in silo.json), then: sweeps up{Home.OnCommandLine()}"));

    private async Task<SiloClient> ConnectAsync(SiloAddress address, CancellationToken cancellation)
    {
        var client = Client(address);
        var clock = Stopwatch.StartNew();
        var said = false;
        while (!await client.IsReadyAsync(cancellation))
        {
            if (clock.Elapsed > SaidAfter && !said)
            {
                Console.Error.WriteLine($"the silo (pid {address.ProcessId}) does not answer at {address.Url}; waiting up to {AnswersWithin.TotalSeconds:0} s for it");
                said = true;
            }

            if (clock.Elapsed > AnswersWithin || Find() is null)
            {
                client.Dispose();
                return Find() is null
                    ? await StartAsync(address.Stays, cancellation)
                    : throw new CliException(
                        $"the silo (pid {address.ProcessId}) does not answer at {address.Url}",
                        ExitCodes.NoSilo,
                        $"look at {Home.Logs}/silo.log; end that process, then: sweeps up{Home.OnCommandLine()}");
            }

            await Task.Delay(50, cancellation);
        }

        return client;
    }

    private async Task<SiloClient> StartAsync(bool stays, CancellationToken cancellation)
    {
        try
        {
            _ = HomeToken.ReadOrCreate(Home);
            Directory.CreateDirectory(Home.Logs);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw HomeTrouble.Of(Home, e);
        }

        var builds = Builds.Find();
        var hash = builds.Hash();
        Builds copy;
        try
        {
            copy = await HomeCopy.EnsureAsync(Home, builds, hash, cancellation);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw HomeTrouble.Of(Home, e);
        }

        var started = Path.Combine(Home.Logs, $"silo-start-{Guid.NewGuid():N}.log");
        using var process = Spawn(copy, hash, stays, started);
        var clock = Stopwatch.StartNew();
        try
        {
            while (true)
            {
                if (Find() is { } address && address.ProcessId == process.Id)
                {
                    var client = Client(address);
                    if (await client.IsReadyAsync(cancellation))
                    {
                        return client;
                    }

                    client.Dispose();
                }

                if (process.HasExited)
                {
                    // Another command's silo may have won the race for the home.
                    if (process.ExitCode == ExitCodes.BadHome && Find() is { } other)
                    {
                        return await ConnectAsync(other, cancellation);
                    }

                    var said = File.Exists(started) ? (await File.ReadAllTextAsync(started, cancellation)).Trim() : string.Empty;
                    throw new CliException(
                        said.Length > 0 ? said : $"the silo ended at once with exit code {process.ExitCode}",
                        process.ExitCode is > 0 and < 128 ? process.ExitCode : ExitCodes.NoSilo,
                        process.ExitCode == ExitCodes.BadHome ? null : $"{Home.Logs}/silo.log says more");
                }

                if (clock.Elapsed > ReadyWithin)
                {
                    throw new CliException("the silo was not ready within 60 s", ExitCodes.NoSilo, $"{Home.Logs}/silo.log says more");
                }

                await Task.Delay(30, cancellation);
            }
        }
        finally
        {
            TryDelete(started);
        }
    }

    private Process Spawn(Builds copy, string hash, bool stays, string log)
    {
        // setsid makes a session of its own: Ctrl-C and the end of this terminal do not reach the silo. The shell only
        // hands over files for its streams; exec keeps the pid.
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false, WorkingDirectory = Home.Root };
        foreach (var argument in new[] { "-c", "log=$1; shift; exec setsid \"$@\" </dev/null >>\"$log\" 2>&1", "sh", log, DotnetPath(), copy.SiloProgram })
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var argument in SiloArguments(copy, hash, stays))
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start) ?? throw new CliException("the silo could not be started", ExitCodes.NoSilo);
    }

    /// <summary>The silo's command line, the same for <c>up</c>, <c>run</c> and the systemd unit.</summary>
    public IReadOnlyList<string> SiloArguments(Builds copy, string hash, bool stays)
    {
        List<string> arguments = ["--home", Home.Root, "--trainer", copy.TrainerProgram, "--build", hash];
        if (stays)
        {
            arguments.Add("--stay");
        }

        if (options.Port is { } port)
        {
            arguments.AddRange(["--port", port.ToString(CultureInfo.InvariantCulture)]);
        }

        if (options.Slots is { } slots)
        {
            arguments.AddRange(["--slots", slots.ToString(CultureInfo.InvariantCulture)]);
        }

        if (options.GraceSeconds is { } grace)
        {
            arguments.AddRange(["--grace", grace.ToString(CultureInfo.InvariantCulture)]);
        }

        foreach (var root in options.Roots ?? [])
        {
            arguments.AddRange(["--root", Path.GetFullPath(root)]);
        }

        return arguments;
    }

    /// <summary>The <c>dotnet</c> that runs this command.</summary>
    public static string DotnetPath() =>
        Environment.ProcessPath is { } path && Path.GetFileName(path) == "dotnet"
            ? path
            : Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } host
                ? host
                : Environment.GetEnvironmentVariable("DOTNET_ROOT") is { Length: > 0 } root && File.Exists(Path.Combine(root, "dotnet"))
                    ? Path.Combine(root, "dotnet")
                    : "dotnet";

    private static void TryDelete(string file)
    {
        try
        {
            File.Delete(file);
        }
        catch (IOException)
        {
            // A log that is left behind harms nobody.
        }
    }
}
