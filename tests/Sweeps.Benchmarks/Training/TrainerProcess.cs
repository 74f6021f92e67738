using System.Globalization;
using System.Runtime.InteropServices;
using Sweeps.Models;
using TorchSharp;

namespace Sweeps.Benchmarks.Training;

/// <summary>
/// Makes this process what a worker makes of a trainer: tcmalloc or jemalloc preloaded where there is one, one thread,
/// and texts normalised as tokenisers need it (this program is built without, for the stand-ins' sake). All of it must be
/// in the environment before the process starts, so the program is started again in place.
/// </summary>
internal static partial class TrainerProcess
{
    private const string Preload = "LD_PRELOAD";

    private static readonly (string Name, string Value)[] Variables =
    [
        ("OMP_NUM_THREADS", "1"),
        ("MKL_NUM_THREADS", "1"),
        ("OPENBLAS_NUM_THREADS", "1"),
        ("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", "0"),
    ];

    private static readonly string[] Folders =
        ["/usr/lib/x86_64-linux-gnu", "/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/local/lib"];

    private static readonly string[] Allocators = ["libtcmalloc_minimal.so.4", "libtcmalloc.so.4", "libjemalloc.so.2"];

    /// <summary>The allocator in use, for the report.</summary>
    public static string Allocator =>
        Environment.GetEnvironmentVariable(Preload) is { Length: > 0 } preloaded ? Path.GetFileName(preloaded) : "glibc malloc";

    /// <summary>Starts again in the environment of a trainer unless it is one, and loads LibTorch on one thread.</summary>
    public static void Become()
    {
        var allocator = Folders.SelectMany(_ => Allocators, Path.Combine).FirstOrDefault(File.Exists);
        var isPreloaded = allocator is null || !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(Preload));
        if (!isPreloaded || Array.Exists(Variables, each => Environment.GetEnvironmentVariable(each.Name) != each.Value))
        {
            StartAgain(isPreloaded ? null : allocator);
        }

        TorchRuntime.EnsureLoaded();
        torch.set_num_threads(1);
    }

    /// <summary>Resident memory of this process (VmRSS), bytes.</summary>
    public static long ResidentBytes() => StatusBytes("VmRSS:");

    /// <summary>The most resident memory that this process has had so far (VmHWM), bytes.</summary>
    public static long HighestResidentBytes() => StatusBytes("VmHWM:");

    /// <summary>Processor seconds of the calling thread: what it took, however busy the machine is.</summary>
    public static double ThreadSeconds()
    {
        const int ThreadClock = 3;
        return ClockGetTime(ThreadClock, out var time) == 0
            ? time.Seconds + (time.Nanoseconds / 1e9)
            : throw new InvalidOperationException(Marshal.GetLastPInvokeErrorMessage());
    }

    private static long StatusBytes(string field)
    {
        var line = File.ReadLines("/proc/self/status").First(text => text.StartsWith(field, StringComparison.Ordinal));
        return 1024 * long.Parse(line.AsSpan(field.Length).Trim().TrimEnd("kB").Trim(), CultureInfo.InvariantCulture);
    }

    private static void StartAgain(string? allocator)
    {
        if (allocator is not null)
        {
            Set(Preload, allocator);
        }

        foreach (var (name, value) in Variables)
        {
            Set(name, value);
        }

        string?[] arguments = [.. File.ReadAllText("/proc/self/cmdline").TrimEnd('\0').Split('\0'), null];
        _ = Execute(Environment.ProcessPath!, arguments);
        throw new InvalidOperationException(
            $"{Environment.ProcessPath} does not start again: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    private static void Set(string name, string value)
    {
        if (SetEnvironment(name, value, 1) != 0)
        {
            throw new InvalidOperationException($"{name} cannot be set: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime", SetLastError = true)]
    private static partial int ClockGetTime(int clock, out TimeSpec time);

    [LibraryImport("libc", EntryPoint = "setenv", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);

    [LibraryImport("libc", EntryPoint = "execv", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Execute(string path, string?[] arguments);

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
