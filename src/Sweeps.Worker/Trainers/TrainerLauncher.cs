using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Options;
using Sweeps.Worker.Machine;
using Sweeps.Worker.Slots;

namespace Sweeps.Worker.Trainers;

/// <summary>Starts the trainer's executable: allocator preloaded, threads bounded, and written down in <c>slots/N.json</c>.</summary>
internal sealed class TrainerLauncher(IOptions<WorkerOptions> options, IMachine machine, TimeProvider clock) : ITrainerLauncher
{
    private static readonly string[] LibraryFolders =
    [
        "/usr/lib/x86_64-linux-gnu", "/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/local/lib",
    ];

    // Without one of these glibc's fragmentation triples a trainer's memory.
    private static readonly string[] Allocators =
    [
        "libtcmalloc_minimal.so.4", "libtcmalloc.so.4", "libjemalloc.so.2",
    ];

    private static readonly string? Allocator = LibraryFolders
        .SelectMany(folder => Allocators, Path.Combine)
        .FirstOrDefault(File.Exists);

    private readonly ConcurrentDictionary<int, SlotLog> _logs = new();

    public async Task<ITrainer> StartAsync(int slot, CancellationToken cancellation)
    {
        var settings = options.Value;
        var log = _logs.GetOrAdd(slot, n => new SlotLog(settings.Home.Logs, n, settings.LogBytes));
        log.Begin();
        var start = StartInfo(settings, slot);
        var oomKills = machine.OomKills();
        Process process;
        try
        {
            process = Process.Start(start) ?? throw new TrainerStartException($"'{start.FileName}' does not start");
        }
        catch (Win32Exception e)
        {
            throw new TrainerStartException(
                $"cannot start the trainer '{start.FileName}': {e.Message}. Build src/Sweeps.Trainer, or name another with --trainer",
                inner: e);
        }

        var trainer = new TrainerProcess(process, log, machine, oomKills, clock);
        try
        {
            new SlotFiles(settings.Home).Record(slot, trainer.ProcessId);
            await trainer.GreetAsync(settings.Build, settings.HelloWait, cancellation).ConfigureAwait(false);
            return trainer;
        }
        catch
        {
            await trainer.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static ProcessStartInfo StartInfo(WorkerOptions settings, int slot)
    {
        var start = new ProcessStartInfo(settings.TrainerCommand[0])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var argument in settings.TrainerCommand.Skip(1))
        {
            start.ArgumentList.Add(argument);
        }

        start.ArgumentList.Add("--home");
        start.ArgumentList.Add(settings.Home.Root);
        start.ArgumentList.Add("--slot");
        start.ArgumentList.Add(slot.ToString(CultureInfo.InvariantCulture));

        var threads = settings.Threads.ToString(CultureInfo.InvariantCulture);
        start.Environment["OMP_NUM_THREADS"] = threads;
        start.Environment["MKL_NUM_THREADS"] = threads;
        start.Environment["OPENBLAS_NUM_THREADS"] = threads;

        // Client-side collection, whatever the silo's own settings are: 16 server heaps would cost gigabytes.
        start.Environment["DOTNET_gcServer"] = "0";
        if (Allocator is not null)
        {
            start.Environment["LD_PRELOAD"] = start.Environment.TryGetValue("LD_PRELOAD", out var loaded) && !string.IsNullOrEmpty(loaded)
                ? $"{loaded}:{Allocator}"
                : Allocator;
        }

        foreach (var (name, value) in settings.TrainerEnvironment)
        {
            start.Environment[name] = value;
        }

        return start;
    }
}
