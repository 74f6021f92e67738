using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Spectre.Console;
using Sweeps.Cli.Hosting;
using Sweeps.Cli.Show;
using Sweeps.Core.Api;
using Sweeps.Core.Homes;
using Sweeps.Core.Json;

namespace Sweeps.Cli.Commands;

/// <summary><c>doctor</c> and <c>version</c>: what this machine has, and how to mend what it lacks.</summary>
internal static class DoctorCommand
{
    private enum Level
    {
        Good,
        Note,
        Bad,
    }

    public static IEnumerable<Command> Create(Context context)
    {
        var doctor = new Command("doctor", "Check LibTorch, memory, ports, disk and GPU, and say how to mend each.");
        doctor.SetAction(async (parse, cancellation) =>
        {
            var checks = await CheckAsync(Context.Home(parse), cancellation);
            foreach (var check in checks)
            {
                if (Context.Json(parse))
                {
                    Console.Out.WriteLine(SweepsJson.Write(check));
                }
                else
                {
                    var mark = check.Level switch { Level.Good => "[green]ok  [/]", Level.Note => "[yellow]note[/]", _ => "[red]bad [/]" };
                    context.Console.MarkupLine($"{mark} [bold]{Markup.Escape(check.Name),-10}[/] {Markup.Escape(check.Found)}");
                    if (check.Fix is { } fix)
                    {
                        context.Console.MarkupLine($"                [grey]{Markup.Escape(fix)}[/]");
                    }
                }
            }

            return checks.Any(c => c.Level == Level.Bad) ? ExitCodes.Unhealthy : ExitCodes.Ok;
        });
        yield return doctor;

        var version = new Command("version", "Print the version and the build.");
        version.SetAction((parse, _) =>
        {
            var builds = Builds.Find();
            Console.Out.WriteLine(Context.Json(parse)
                ? SweepsJson.Write(new { Builds.Version, Build = builds.Hash(), Runtime = RuntimeInformation.FrameworkDescription })
                : $"sweeps {Builds.Version} (build {builds.Hash()}, {RuntimeInformation.FrameworkDescription})");
            return Task.FromResult(ExitCodes.Ok);
        });
        yield return version;
    }

    private static async Task<IReadOnlyList<Check>> CheckAsync(SweepsHome home, CancellationToken cancellation)
    {
        List<Check> checks = [Platform()];
        checks.Add(await LibTorchAsync(cancellation));
        checks.Add(Memory());
        checks.Add(Allocator());
        checks.Add(Disk(home));
        checks.Add(Port());
        checks.Add(Gpu());
        checks.Add(Silo(home));
        return checks;
    }

    private static Check Platform() =>
        OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64
            ? new Check("platform", Level.Good, $"{RuntimeInformation.OSDescription}, {Environment.ProcessorCount} cores")
            : new Check("platform", Level.Bad, $"{RuntimeInformation.OSDescription} {RuntimeInformation.ProcessArchitecture}", "Sweeps runs on Linux x64; on Windows use WSL2, elsewhere a Linux machine or container");

    private static async Task<Check> LibTorchAsync(CancellationToken cancellation)
    {
        try
        {
            var builds = Builds.Find();
            var (code, output, error) = await Context.Trainer().CaptureAsync(["inspect", "--machine"], cancellation);
            return code == 0
                ? new Check("libtorch", Level.Good, output.Trim())
                : new Check("libtorch", Level.Bad, (error + output).Trim(), $"build again (dotnet build Sweeps.sln -c Release); LibTorch is looked for in {HomeCopy.LibTorchOf(builds.Trainer) ?? "artifacts/libtorch"}");
        }
        catch (CliException e)
        {
            return new Check("libtorch", Level.Bad, e.Message, e.Fix);
        }
    }

    private static Check Memory()
    {
        var available = ReadMemory("MemAvailable");
        var text = $"{Format.Bytes(available)} available of {Format.Bytes(ReadMemory("MemTotal"))}";
        return available < 1.5e9
            ? new Check("memory", Level.Note, text, "a trainer of the tiny base takes about 0.4 GiB; free some memory or run fewer trials at once (--slots)")
            : new Check("memory", Level.Good, text);
    }

    private static double ReadMemory(string key)
    {
        try
        {
            var line = File.ReadLines("/proc/meminfo").First(l => l.StartsWith(key + ":", StringComparison.Ordinal));
            return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            return 0;
        }
    }

    private static Check Allocator()
    {
        string[] names = ["libtcmalloc_minimal.so.4", "libjemalloc.so.2"];
        string[] folders = ["/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/local/lib"];
        var found = folders.SelectMany(f => names.Select(n => Path.Combine(f, n))).FirstOrDefault(File.Exists);
        return found is not null
            ? new Check("allocator", Level.Good, found)
            : new Check("allocator", Level.Note, "neither tcmalloc nor jemalloc: trainers take up to three times the memory and are some 15 % slower", "sudo apt install libtcmalloc-minimal4");
    }

    private static Check Disk(SweepsHome home)
    {
        try
        {
            var folder = home.Root;
            while (!Directory.Exists(folder) && !File.Exists(folder))
            {
                folder = Path.GetDirectoryName(folder) ?? "/";
            }

            if (HomeTrouble.Probe(home) is { } trouble)
            {
                return new Check("disk", Level.Bad, trouble.Message, trouble.Fix);
            }

            var drive = new DriveInfo(folder);
            var text = $"{Format.Bytes(drive.AvailableFreeSpace)} free for {home.Root} ({drive.DriveFormat})";
            return drive.DriveFormat is "nfs" or "nfs4" or "cifs" or "smb2" or "fuse" or "fuseblk" or "9p" or "v9fs"
                ? new Check("disk", Level.Bad, text, "the ledger's write-ahead log is not safe on a network or foreign file system: choose a local one with --home")
                : drive.AvailableFreeSpace < SweepsHome.MinimumFreeBytes
                    ? new Check("disk", Level.Bad, text, "no silo starts below 64 MB: free some space, or choose another home with --home DIR")
                : drive.AvailableFreeSpace < 2e9
                    ? new Check("disk", Level.Note, text, "leasing pauses below 0.5 GB: free some space, or sweeps rm old sweeps")
                    : new Check("disk", Level.Good, text);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return new Check("disk", Level.Bad, $"{home.Root}: {e.Message}", "choose another home with --home DIR");
        }
    }

    private static Check Port()
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            return new Check("ports", Level.Good, "loopback ports can be opened");
        }
        catch (SocketException e)
        {
            return new Check("ports", Level.Bad, e.Message, "allow programs to listen on 127.0.0.1");
        }
    }

    private static Check Gpu()
    {
        var there = File.Exists("/proc/driver/nvidia/version") || File.Exists("/dev/nvidia0") || File.Exists("/usr/lib/wsl/lib/libcuda.so.1");
        var cuda = HomeCopy.LibTorchOf(Builds.Find().Trainer) is { } libtorch && File.Exists(Path.Combine(libtorch, "libtorch_cuda.so"));
        return (there, cuda) switch
        {
            (true, false) => new Check("gpu", Level.Note, "a GPU is there, but this is the CPU build: it will not be used", "build for it: dotnet build Sweeps.sln -c Release -p:TorchBackend=cuda"),
            (true, true) => new Check("gpu", Level.Good, "a GPU and the CUDA build"),
            (false, true) => new Check("gpu", Level.Note, "the CUDA build, but no GPU driver", "install NVIDIA's driver, or build with -p:TorchBackend=cpu"),
            _ => new Check("gpu", Level.Good, "none; trials run on the CPU"),
        };
    }

    private static Check Silo(SweepsHome home) =>
        new SiloProcess(home, new SiloStartOptions()).Find() is { } address
            ? new Check("silo", Level.Good, $"runs at {address.Url} (pid {address.ProcessId}, {address.Version})")
            : new Check("silo", Level.Good, "none runs for this home; `sweeps run` and `sweeps up` start it");

    private sealed record Check(string Name, Level Level, string Found, string? Fix = null);
}
