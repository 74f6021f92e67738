using System.Globalization;

namespace Sweeps.Core.Homes;

/// <summary>A process beyond doubt: a pid may be reused, but not with the same start time in the same boot.</summary>
/// <param name="ProcessId">Pid.</param>
/// <param name="StartTime">Clock ticks since boot, field 22 of <c>/proc/PID/stat</c>.</param>
/// <param name="BootId">The boot's id.</param>
public sealed record ProcessIdentity(int ProcessId, long StartTime, string BootId)
{
    /// <summary>This process.</summary>
    public static ProcessIdentity Current => Of(Environment.ProcessId)
        ?? throw new PlatformNotSupportedException("/proc is needed: Sweeps runs on Linux");

    /// <summary>The process that has this pid now; null when there is none, or only its remains (a zombie).</summary>
    public static ProcessIdentity? Of(int processId)
    {
        try
        {
            var stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{processId}/stat"));

            // The name in parentheses may hold spaces and parentheses itself: the fields begin after the last one.
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is "Z" or "X"
                ? null
                : new ProcessIdentity(
                    processId,
                    long.Parse(fields[19], CultureInfo.InvariantCulture),
                    File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Whether this very process still lives.</summary>
    public bool IsAlive() => Of(ProcessId) == this;
}
