using System.Globalization;
using System.Text;

namespace Sweeps.Worker.Machine;

/// <summary>What /proc says about a process.</summary>
internal static class ProcessFacts
{
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
