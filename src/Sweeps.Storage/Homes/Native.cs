using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Sweeps.Storage.Homes;

/// <summary>What .NET does not offer of Linux: folders as handles, locks that are only locks, file system types, real paths.</summary>
internal static partial class Native
{
    public const int ReadOnly = 0;
    public const int ReadWrite = 2;
    public const int Create = 0x40;
    public const int Folder = 0x10000;
    public const int CloseOnExec = 0x80000;
    public const int LockExclusive = 2;
    public const int LockNoWait = 4;
    public const int WouldBlock = 11;

    /// <summary>The error of the last failed call, in words.</summary>
    public static string LastError => Marshal.GetLastPInvokeErrorMessage();

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenRaw(string path, int flags, int mode);

    /// <summary>open(2), always close-on-exec; an invalid handle on failure.</summary>
    public static SafeFileHandle Open(string path, int flags, int mode = 0) =>
        new(OpenRaw(path, flags | CloseOnExec, mode), ownsHandle: true);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    public static partial int Fsync(SafeFileHandle handle);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    public static partial int Flock(SafeFileHandle handle, int operation);

    [LibraryImport("libc", EntryPoint = "statfs", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int StatFs(string path, out FileSystemInfo info);

    [LibraryImport("libc", EntryPoint = "realpath", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint RealPathRaw(string path, nint resolved);

    [LibraryImport("libc", EntryPoint = "free")]
    private static partial void Free(nint memory);

    /// <summary>The path with every symbolic link resolved; null when it does not exist.</summary>
    public static string? RealPath(string path)
    {
        var resolved = RealPathRaw(path, 0);
        if (resolved == 0)
        {
            return null;
        }

        try
        {
            return Marshal.PtrToStringUTF8(resolved);
        }
        finally
        {
            Free(resolved);
        }
    }

    /// <summary>The beginning of Linux' <c>struct statfs</c> on 64 bits.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 120)]
    public struct FileSystemInfo
    {
        public long Type;
        public long BlockSize;
        public ulong Blocks;
        public ulong BlocksFree;
        public ulong BlocksAvailable;
    }
}
