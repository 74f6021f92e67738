using System.Globalization;
using System.Runtime.InteropServices;

namespace Sweeps.Chaos.Tests.Kill;

/// <summary>Finds and signals the processes of one home by their command line, which names it.</summary>
internal static partial class Processes
{
    public const int Kill = 9;
    public const int Terminate = 15;
    public const int Continue = 18;
    public const int Stop = 19;

    /// <summary>Pids of live processes that run the program (their first or second argument) and name the home.</summary>
    public static IReadOnlyList<int> Of(string home, string program)
    {
        List<int> found = [];
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var pid))
            {
                continue;
            }

            try
            {
                var arguments = File.ReadAllText($"{folder}/cmdline").Split('\0');
                if (arguments.Contains(home, StringComparer.Ordinal)
                    && arguments.Take(2).Any(a => a.EndsWith(program, StringComparison.Ordinal))
                    && !State(pid).Equals('Z'))
                {
                    found.Add(pid);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It ended meanwhile.
            }
        }

        return found;
    }

    public static bool Alive(int pid)
    {
        try
        {
            return !State(pid).Equals('Z');
        }
        catch (IOException)
        {
            return false;
        }
    }

    public static void Signal(IEnumerable<int> pids, int signal)
    {
        foreach (var pid in pids)
        {
            _ = SendSignal(pid, signal);
        }
    }

    private static char State(int pid)
    {
        var stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat"));
        return stat[stat.LastIndexOf(')') + 2];
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int pid, int signal);
}
