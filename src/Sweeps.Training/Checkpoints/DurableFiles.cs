using System.Runtime.InteropServices;

namespace Sweeps.Training.Checkpoints;

/// <summary>What it takes on Linux that a file or a folder's entry outlives a power cut.</summary>
internal static partial class DurableFiles
{
    private const int OpenDirectory = 0x10000;
    private const int OpenCloseOnExec = 0x80000;
    private const int NoSpace = 28;
    private const int QuotaExceeded = 122;

    /// <summary>Syncs a folder: the names in it, as a rename or a new file left them.</summary>
    /// <exception cref="IOException">The system refuses.</exception>
    public static void SyncDirectory(string path)
    {
        var descriptor = Open(path, OpenDirectory | OpenCloseOnExec);
        if (descriptor < 0)
        {
            throw Failure($"{path} cannot be opened to sync it");
        }

        try
        {
            if (FSync(descriptor) != 0)
            {
                throw Failure($"{path} cannot be synced");
            }
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    /// <summary>Creates a folder with its parents, and syncs the entry of each one that is new.</summary>
    public static void CreateDirectory(string path)
    {
        if (Directory.Exists(path))
        {
            return;
        }

        var parent = Path.GetDirectoryName(Path.GetFullPath(path));
        if (parent is not null)
        {
            CreateDirectory(parent);
        }

        Directory.CreateDirectory(path);
        if (parent is not null)
        {
            SyncDirectory(parent);
        }
    }

    /// <summary>Whether a write failed because the disk, or a quota on it, is full.</summary>
    public static bool IsDiskFull(IOException error) => error.HResult is NoSpace or QuotaExceeded;

    private static IOException Failure(string what) =>
        new($"{what}: {Marshal.GetLastPInvokeErrorMessage()}", Marshal.GetLastPInvokeError());

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FSync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
