namespace Sweeps.Storage.Homes;

/// <summary>Files and folders that are on disk when a call returns: write to a temporary name, sync, rename, sync the folder.</summary>
public static class Durable
{
    /// <summary>Syncs a folder: the names in it survive a power cut.</summary>
    /// <exception cref="IOException">The folder cannot be opened or synced.</exception>
    public static void SyncFolder(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);

        // .NET refuses to open folders.
        using var handle = Native.Open(folder, Native.ReadOnly | Native.Folder);
        if (handle.IsInvalid)
        {
            throw new IOException($"cannot open the folder '{folder}': {Native.LastError}");
        }

        if (Native.Fsync(handle) != 0)
        {
            throw new IOException($"cannot sync the folder '{folder}': {Native.LastError}");
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
        if (Directory.Exists(folder) || parent is null)
        {
            return;
        }

        CreateFolder(parent, mode);
        if (mode is { } given && !OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder, given);
        }
        else
        {
            Directory.CreateDirectory(folder);
        }

        SyncFolder(parent);
    }
}
