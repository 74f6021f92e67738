using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Sweeps.Storage.Homes;

/// <summary>Files and folders that are on disk when a call returns: write to a temporary name, sync, rename, sync the folder.</summary>
public static partial class Durable
{
    private const int ReadOnly = 0;
    private const int Directory = 0x10000;
    private const int CloseOnExec = 0x80000;

    /// <summary>Syncs a folder: the names in it survive a power cut.</summary>
    /// <exception cref="IOException">The folder cannot be opened or synced.</exception>
    public static void SyncFolder(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);

        // .NET refuses to open folders.
        using var handle = new SafeFileHandle(Open(folder, ReadOnly | Directory | CloseOnExec, 0), ownsHandle: true);
        if (handle.IsInvalid)
        {
            throw new IOException($"cannot open the folder '{folder}': {Marshal.GetLastPInvokeErrorMessage()}");
        }

        if (Fsync(handle) != 0)
        {
            throw new IOException($"cannot sync the folder '{folder}': {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    /// <summary>Renames a file that is already synced, and syncs the folder of its new name.</summary>
    public static void Rename(string from, string to, bool overwrite = true)
    {
        File.Move(from, to, overwrite);
        SyncFolder(Path.GetDirectoryName(Path.GetFullPath(to))!);
    }

    /// <summary>Writes a file so that it is either the old or the new one, whenever the power goes.</summary>
    /// <param name="path">The file; its folder exists.</param>
    /// <param name="bytes">Its content.</param>
    /// <param name="mode">Its mode; null: by the umask.</param>
    public static void WriteAllBytes(string path, ReadOnlySpan<byte> bytes, UnixFileMode? mode = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        var temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (mode is { } given && !OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = given;
        }

        try
        {
            using (var file = new FileStream(temporary, options))
            {
                file.Write(bytes);
                file.Flush(flushToDisk: true);
            }

            Rename(temporary, path);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>Creates a folder with its parents, and syncs the folder that holds the first new one.</summary>
    public static void CreateFolder(string folder, UnixFileMode? mode = null)
    {
        var parent = Path.GetDirectoryName(Path.GetFullPath(folder));
        if (System.IO.Directory.Exists(folder) || parent is null)
        {
            return;
        }

        CreateFolder(parent, mode);
        if (mode is { } given && !OperatingSystem.IsWindows())
        {
            System.IO.Directory.CreateDirectory(folder, given);
        }
        else
        {
            System.IO.Directory.CreateDirectory(folder);
        }

        SyncFolder(parent);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(SafeFileHandle handle);
}
