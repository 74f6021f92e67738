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

    /// <summary>A person is told what a command waits for after this.</summary>
    private static readonly TimeSpan SaidAfter = TimeSpan.FromSeconds(2);

    public SweepsHome Home { get; } = home;

    /// <summary>Longest silence of a silo that has told its address: it was ready once, or nearly. Default 15 s.</summary>
    public TimeSpan AnswersWithin { get; init; } = TimeSpan.FromSeconds(15);

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
        var running = Find();
        return running is not null && await ConnectAsync(running, cancellation) is { } client
            ? client
            : await StartAsync(stays || running is { Stays: true }, cancellation);
    }

    /// <summary>A client of the running silo; null when none runs, or when it ended just now.</summary>
    public async Task<SiloClient?> TryConnectAsync(CancellationToken cancellation) =>
        Find() is { } running ? await ConnectAsync(running, cancellation) : null;

    private SiloClient Client(SiloAddress address) =>
        new(address, HomeToken.Read(Home) ?? throw new CliException($"{Home.TokenFile} is missing", ExitCodes.BadHome, $"stop the silo (its pid is in silo.json), then: sweeps up{Home.OnCommandLine()}"));

    /// <summary>A client of this silo once it is ready; null when it ends before.</summary>
    private async Task<SiloClient?> ConnectAsync(SiloAddress address, CancellationToken cancellation)
    {
        var client = Client(address);
        try
        {
            if (await AnswersAsync(client, cancellation))
            {
                return client;
            }
        }
        catch
        {
            client.Dispose();
            throw;
        }

        client.Dispose();
        return null;
    }

    /// <summary>Waits until the silo is ready; false when it ended meanwhile.</summary>
    /// <exception cref="CliException">It is there and does not answer, or answers and does not become ready.</exception>
    private async Task<bool> AnswersAsync(SiloClient client, CancellationToken cancellation)
    {
        var process = client.Address.ProcessId;
        var clock = Stopwatch.StartNew();
        var heard = TimeSpan.Zero;
        var said = false;
        while (true)
        {
            var ready = await client.ReadinessAsync(cancellation);
            if (ready == true)
            {
                return true;
            }

            if (Find() is null)
            {
                return false;
            }

            // One that drains ends in its own time; a frozen one says nothing.
            var ends = File.Exists(Home.DownFile);
            heard = ready is null && !ends ? heard : clock.Elapsed;
            if (clock.Elapsed - heard > AnswersWithin || clock.Elapsed > ReadyWithin)
            {
                throw new CliException(
                    ready is null ? $"the silo (pid {process}) does not answer at {client.Address.Url}" : $"the silo (pid {process}) has not been ready for {ReadyWithin.TotalSeconds:0} s",
                    ExitCodes.NoSilo,
                    $"{Home.Logs}/silo.log may say why. Trials are safe: end the process (kill -9 {process}), then: sweeps up{Home.OnCommandLine()}");
            }

            if (!said && clock.Elapsed > SaidAfter)
            {
                said = true;
                Console.Error.WriteLine($"waiting for the silo (pid {process}) to {(ends ? "end" : ready is null ? "answer" : "be ready")} ...");
            }

            await Task.Delay(50, cancellation);
        }
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
                    if (process.ExitCode == ExitCodes.BadHome && Find() is { } other && await ConnectAsync(other, cancellation) is { } client)
                    {
                        return client;
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
