using System.Runtime.InteropServices;

namespace Sweeps.Training.Checkpoints;

/// <summary>CPU time of the calling thread: what it takes from others where all cores are busy.</summary>
internal static partial class ThreadClock
{
    private const int ThreadCpuTime = 3;

    /// <summary>Seconds so far.</summary>
    public static double Seconds() =>
        GetTime(ThreadCpuTime, out var time) == 0 ? time.Seconds + (time.Nanoseconds * 1e-9) : 0;

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int GetTime(int clock, out TimeSpec time);

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
