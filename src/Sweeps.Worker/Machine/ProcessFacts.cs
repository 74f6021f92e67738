using System.Globalization;
using System.Text;

namespace Sweeps.Worker.Machine;

/// <summary>Names one life of a process: a pid alone may be reused, also after a reboot.</summary>
/// <param name="ProcessId">Pid.</param>
/// <param name="StartTime">Clock ticks from boot to its start (field 22 of /proc/PID/stat).</param>
/// <param name="BootId">The kernel's boot id.</param>
internal sealed record ProcessLife(int ProcessId, long StartTime, string BootId);

/// <summary>What /proc says about a process.</summary>
internal static class ProcessFacts
{
    /// <summary>The kernel's boot id; empty where there is none.</summary>
    public static string BootId { get; } = ReadOrEmpty("/proc/sys/kernel/random/boot_id").Trim();

    /// <summary>The life of a running process; null when it is gone (a zombie counts as gone).</summary>
    public static ProcessLife? Life(int processId) =>
        Stat(processId) is { } fields && fields[0] is not ("Z" or "X")
            ? new ProcessLife(processId, Number(fields, 22), BootId)
            : null;

    /// <summary>CPU time used (user and system, clock ticks); null when it is gone.</summary>
    public static long? CpuTicks(int processId) =>
        Stat(processId) is { } fields ? Number(fields, 14) + Number(fields, 15) : null;

    /// <summary>Resident bytes; null when it is gone.</summary>
    public static long? ResidentBytes(int processId) =>
        Stat(processId) is { } fields ? Number(fields, 24) * Environment.SystemPageSize : null;

    /// <summary>The fields of /proc/PID/stat from the third (state) on: the second may hold blanks and brackets.</summary>
    private static string[]? Stat(int processId)
    {
        var text = ReadOrEmpty($"/proc/{processId.ToString(CultureInfo.InvariantCulture)}/stat");
        var end = text.LastIndexOf(')');
        return end < 0 ? null : text[(end + 2)..].Split(' ');
    }

    private static long Number(string[] fields, int field) =>
        long.Parse(fields[field - 3], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);

    private static string ReadOrEmpty(string path)
    {
        try
        {
            return File.ReadAllText(path, Encoding.ASCII);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return string.Empty;
        }
    }
}
