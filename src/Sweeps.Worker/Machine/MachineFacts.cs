using System.Globalization;

namespace Sweeps.Worker.Machine;

/// <summary>What the machine has: memory, disk, processor, and how often the kernel ended processes for memory.</summary>
internal interface IMachine
{
    /// <summary>Bytes that may still be used: the least of the kernel's estimate and the cgroups' limits; null when unknown.</summary>
    long? AvailableMemory();

    /// <summary>Processes ended for memory so far, by this machine's kernel.</summary>
    long OomKills();

    /// <summary>Free bytes of the file system that holds the folder; null when unknown.</summary>
    long? FreeDisk(string folder);
}

/// <summary>Linux: /proc and /sys/fs/cgroup (version 2, else 1).</summary>
internal sealed class LinuxMachine : IMachine
{
    private readonly string? _memoryFolder = MemoryFolder(out _);
    private readonly bool _unified = IsUnified();

    public long? AvailableMemory()
    {
        var available = Line("/proc/meminfo", "MemAvailable:") is { } kilobytes ? kilobytes * 1024 : (long?)null;
        if (_memoryFolder is null)
        {
            return available;
        }

        var limit = Single(Path.Combine(_memoryFolder, _unified ? "memory.max" : "memory.limit_in_bytes"));
        var used = Single(Path.Combine(_memoryFolder, _unified ? "memory.current" : "memory.usage_in_bytes"));
        if (limit is null || used is null || limit > 1L << 50)
        {
            return available;
        }

        // Page cache counts as used but is given back under pressure.
        var cache = Line(Path.Combine(_memoryFolder, "memory.stat"), _unified ? "inactive_file " : "total_inactive_file ") ?? 0;
        var left = limit.Value - used.Value + cache;
        return available is null ? left : Math.Min(available.Value, left);
    }

    public long OomKills()
    {
        // The kernel's count covers all cgroups; a container may not see it move, so its own group's count is added.
        var kernel = Line("/proc/vmstat", "oom_kill ") ?? 0;
        var group = _memoryFolder is null
            ? 0
            : Line(Path.Combine(_memoryFolder, _unified ? "memory.events" : "memory.oom_control"), "oom_kill ") ?? 0;
        return kernel + group;
    }

    public long? FreeDisk(string folder)
    {
        try
        {
            return new DriveInfo(folder).AvailableFreeSpace;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }

    /// <summary>Slots when none are asked for: one a core, but no more than memory has room for (768 MB a trainer).</summary>
    public static int AutoSlots(int cores, long? availableMemory) =>
        Math.Max(1, (int)Math.Min(cores, (availableMemory ?? long.MaxValue) / (768L * 1024 * 1024)));

    /// <summary>The machine in words, for pages.</summary>
    public static string Describe()
    {
        var model = "CPU";
        try
        {
            model = File.ReadLines("/proc/cpuinfo")
                .FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?
                .Split(':', 2)[1].Trim() ?? model;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // No /proc: the word CPU has to do.
        }

        var gigabytes = (Line("/proc/meminfo", "MemTotal:") ?? 0) / 1024.0 / 1024.0;
        return string.Create(
            CultureInfo.InvariantCulture, $"{Environment.ProcessorCount} cores, {model}, {gigabytes:0} GB");
    }

    private static bool IsUnified()
    {
        _ = MemoryFolder(out var unified);
        return unified;
    }

    private static string? MemoryFolder(out bool unified)
    {
        unified = false;
        string[] lines;
        try
        {
            lines = File.ReadAllLines("/proc/self/cgroup");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        foreach (var parts in lines.Select(line => line.Split(':', 3)).Where(parts => parts.Length == 3))
        {
            unified = parts[0] == "0" && parts[1].Length == 0;
            var root = unified ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory";
            if (!unified && !parts[1].Split(',').Contains("memory"))
            {
                continue;
            }

            // Inside a container the path may not be visible; its own group is then the root.
            foreach (var folder in new[] { root + parts[2].TrimEnd('/'), root })
            {
                if (File.Exists(Path.Combine(folder, unified ? "memory.events" : "memory.oom_control")))
                {
                    return folder;
                }
            }
        }

        return null;
    }

    private static long? Single(string path)
    {
        try
        {
            return long.TryParse(File.ReadAllText(path).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var value)
                ? value
                : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static long? Line(string path, string start)
    {
        try
        {
            foreach (var line in File.ReadLines(path))
            {
                if (line.StartsWith(start, StringComparison.Ordinal))
                {
                    var words = line[start.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
                    return words.Length > 0
                        && long.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out var value)
                        ? value
                        : null;
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Unknown.
        }

        return null;
    }
}
