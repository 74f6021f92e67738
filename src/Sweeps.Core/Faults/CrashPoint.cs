using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Sweeps.Core.Faults;

/// <summary>
/// Named points at which a process ends itself with SIGKILL, for the kill tests: <c>SWEEPS_CRASH_AT=name:n</c> ends it
/// at the n-th passage of that point (n from 1; several separated by commas). Without the variable a passage costs one
/// comparison.
/// </summary>
public static partial class CrashPoint
{
    private static readonly Dictionary<string, int>? Armed = Read(Environment.GetEnvironmentVariable("SWEEPS_CRASH_AT"));
    private static readonly ConcurrentDictionary<string, int> Passed = new(StringComparer.Ordinal);

    /// <summary>
    /// Passes the point, and dies there when it is armed. When <c>SWEEPS_CRASH_ONCE</c> names a file, it is created
    /// first, and a process that finds it there lives: so a restarted process passes the point it died at.
    /// </summary>
    public static void Hit(string name)
    {
        if (Armed is null || !Armed.TryGetValue(name, out var at))
        {
            return;
        }

        if (Passed.AddOrUpdate(name, 1, (_, n) => n + 1) != at || !FirstTime(name))
        {
            return;
        }

        _ = Kill(Environment.ProcessId, 9);
    }

    private static bool FirstTime(string name)
    {
        if (Environment.GetEnvironmentVariable("SWEEPS_CRASH_ONCE") is not { Length: > 0 } marker)
        {
            return true;
        }

        try
        {
            using var file = new FileStream($"{marker}.{name}", FileMode.CreateNew);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static Dictionary<string, int>? Read(string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return null;
        }

        var armed = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var entry in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var colon = entry.LastIndexOf(':');
            armed[colon < 0 ? entry : entry[..colon]] =
                colon < 0 ? 1 : int.Parse(entry[(colon + 1)..], CultureInfo.InvariantCulture);
        }

        return armed;
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);
}
