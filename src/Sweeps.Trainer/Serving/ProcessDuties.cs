using System.Runtime.InteropServices;

namespace Sweeps.Trainer.Serving;

/// <summary>What a trainer owes its worker as a process.</summary>
internal sealed class ProcessDuties : IDisposable
{
    private static readonly TimeSpan LockWait = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LockPause = TimeSpan.FromMilliseconds(50);

    private readonly List<IDisposable> _held = [];

    private ProcessDuties()
    {
    }

    /// <summary>Ignores the terminal's signals, volunteers for the memory killer, and takes the slot's lock.</summary>
    /// <param name="slotLock">Lock file; null: none is held.</param>
    /// <param name="time">Clock of the wait for the lock.</param>
    /// <returns>The duties, held until disposed; null when another process holds the lock.</returns>
    public static ProcessDuties? Assume(string? slotLock, TimeProvider time)
    {
        var duties = new ProcessDuties();

        // Ctrl-C and a drain reach the whole process group: only the worker says when a trainer ends.
        foreach (var signal in (PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGQUIT, PosixSignal.SIGHUP])
        {
            duties._held.Add(PosixSignalRegistration.Create(signal, context => context.Cancel = true));
        }

        VolunteerForMemory();
        if (slotLock is null)
        {
            return duties;
        }

        if (Lock(slotLock, time) is { } file)
        {
            duties._held.Add(file);
            return duties;
        }

        duties.Dispose();
        return null;
    }

    /// <inheritdoc/>
    public void Dispose() => _held.ForEach(held => held.Dispose());

    private static void VolunteerForMemory()
    {
        try
        {
            File.WriteAllText("/proc/self/oom_score_adj", "1000");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"oom_score_adj could not be raised: {error.Message}");
        }
    }

    private static FileStream? Lock(string path, TimeProvider time)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var began = time.GetTimestamp();
        var gate = new object();
        while (true)
        {
            try
            {
                // FileShare.None is flock(LOCK_EX | LOCK_NB) on Linux, given back by the kernel when the process ends.
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (time.GetElapsedTime(began) < LockWait)
            {
                // A worker that looks whether the slot is free holds the lock for a moment.
                lock (gate)
                {
                    Monitor.Wait(gate, LockPause);
                }
            }
            catch (IOException)
            {
                return null;
            }
        }
    }
}
