using System.Runtime.InteropServices;

namespace Sweeps.Core.Files;

/// <summary>Tells files from what only looks like one: opening a pipe without a writer waits for ever, a device may never end.</summary>
public static partial class FileKind
{
    private const int CurrentFolder = -100;
    private const uint TypeOnly = 1;

    /// <summary>What the path is when it is no regular file (a link counts as what it points to): <c>a pipe</c>, <c>a device</c>, ...</summary>
    /// <returns>Null for a regular file, and for one that is not there or cannot be told.</returns>
    public static string? WhyNotRegular(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!OperatingSystem.IsLinux() || StatX(CurrentFolder, path, 0, TypeOnly, out var found) != 0)
        {
            return null;
        }

        return (found.Mode & 0xF000) switch
        {
            0x1000 => "a pipe",
            0x2000 or 0x6000 => "a device",
            0x4000 => "a folder",
            0xC000 => "a socket",
            _ => null,
        };
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatX(int folder, string path, int flags, uint mask, out Found found);

    /// <summary>Linux' <c>struct statx</c>, the same on every processor; only the mode is read.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Found
    {
        [FieldOffset(28)]
        public ushort Mode;
    }
}
