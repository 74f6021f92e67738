using Microsoft.Extensions.Logging;
using Sweeps.Worker.Machine;
using Sweeps.Worker.Slots;

namespace Sweeps.Worker.Beats;

/// <summary>Closes the lease gate while the disk is short, and takes seats away while memory is.</summary>
internal sealed partial class Resources(
    WorkerOptions options, WorkerState state, LeaseGate gate, IMachine machine, ILogger log)
{
    private const long MemoryReserve = 256L * 1024 * 1024;
    private long _peak;

    /// <summary>Looks at disk and memory.</summary>
    /// <param name="trainerBytes">Resident bytes of all trainers now.</param>
    public void Check(Func<long> trainerBytes)
    {
        var free = machine.FreeDisk(options.Home.Root);
        var full = free < options.MinFreeBytes;
        if (gate.Set(CloseReasons.Disk, full))
        {
            if (full)
            {
                LogDiskShort(options.Home.Root, free / 1048576, options.MinFreeBytes / 1048576);
            }
            else
            {
                LogDiskBack(options.Home.Root, free / 1048576);
            }
        }

        var held = state.Held.Select(lease => lease.Assignment.PeakMemoryBytes).DefaultIfEmpty(_peak).Max();
        _peak = held > 0 ? held : _peak;
        gate.SetSeats(
            _peak > 0 && machine.AvailableMemory() is { } available
                ? (int)Math.Min(int.MaxValue, Math.Max(0, available + trainerBytes() - MemoryReserve) / _peak)
                : int.MaxValue);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The disk of {Home} has {Free} MB free, under {Least} MB: no job is leased until there is more")]
    private partial void LogDiskShort(string home, long? free, long least);

    [LoggerMessage(Level = LogLevel.Information, Message = "The disk of {Home} has {Free} MB free: jobs are leased again")]
    private partial void LogDiskBack(string home, long? free);
}
