using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Sweeps.Trainer.Serving;

/// <summary>
/// Takes the two pipes away from the standard descriptors: frames go over private ones that no child inherits, standard
/// output becomes standard error (so that what native libraries print cannot break a frame), standard input becomes empty.
/// </summary>
internal static partial class Descriptors
{
    private const int DuplicateCloseOnExec = 1030;
    private const int ReadOnly = 0;
    private const int FirstPrivate = 10;
    private const int Interrupted = 4;

    /// <summary>The worker's end: what it writes to us, what we write to it.</summary>
    /// <exception cref="IOException">The system refuses.</exception>
    public static (FileStream Input, FileStream Output) TakePipes()
    {
        var input = Duplicate(0);
        var output = Duplicate(1);
        var nothing = Open("/dev/null", ReadOnly);
        if (nothing < 0 || Duplicate2(nothing, 0) < 0 || Duplicate2(2, 1) < 0)
        {
            throw new IOException($"the standard streams cannot be moved: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        _ = Close(nothing);
        return (new FileStream(input, FileAccess.Read, bufferSize: 0), new FileStream(output, FileAccess.Write, bufferSize: 0));
    }

    /// <summary>
    /// Ends the process as soon as the worker's end of the pipe is closed, whatever the process is busy with: one that
    /// still starts, or loads LibTorch, must not hold its slot against the next worker's trainer.
    /// </summary>
    /// <param name="input">The pipe from the worker.</param>
    public static void EndWith(FileStream input) => new Thread(() =>
    {
        var wait = new PollRequest { Descriptor = (int)input.SafeFileHandle.DangerousGetHandle() };
        do
        {
            wait.Happened = 0;
        }
        while (Poll(ref wait, 1, -1) < 0 && Marshal.GetLastPInvokeError() == Interrupted);

        EndNow(TrainerExit.Ok);
    })
    { IsBackground = true, Name = "worker-watch" }.Start();

    /// <summary>Ends the process here and now: no finalizer, no native destructor can hold it up.</summary>
    public static void EndNow(int code) => ExitNow(code);

    private static SafeFileHandle Duplicate(int descriptor)
    {
        var copy = Control(descriptor, DuplicateCloseOnExec, FirstPrivate);
        return copy < 0
            ? throw new IOException($"descriptor {descriptor} cannot be duplicated: {Marshal.GetLastPInvokeErrorMessage()}")
            : new SafeFileHandle(copy, ownsHandle: true);
    }

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(int descriptor, int command, int argument);

    [LibraryImport("libc", EntryPoint = "dup2", SetLastError = true)]
    private static partial int Duplicate2(int from, int to);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);

    // With no event asked for, poll tells of the hang-up (and of errors) alone, and not of frames to read.
    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(ref PollRequest requests, nuint count, int milliseconds);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollRequest
    {
        public int Descriptor;
        public short Wanted;
        public short Happened;
    }

    [LibraryImport("libc", EntryPoint = "_exit")]
    private static partial void ExitNow(int code);
}
