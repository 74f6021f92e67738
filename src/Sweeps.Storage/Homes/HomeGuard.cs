using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Sweeps.Core.Homes;
using Sweeps.Storage.Sqlite;

namespace Sweeps.Storage.Homes;

/// <summary>
/// A home that is fit for use and held: its folders are there (0700), it lies on a local disk with room, its ledger is
/// not of a newer release, and no other silo has its lock. Disposing it, or the end of the process, frees the lock.
/// </summary>
public sealed class HomeGuard : IDisposable
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const int LockMode = 0x180;

    private readonly SafeFileHandle _lock;

    private HomeGuard(SweepsHome home, SafeFileHandle held)
    {
        Home = home;
        _lock = held;
    }

    /// <summary>The home.</summary>
    public SweepsHome Home { get; }

    /// <summary>Opens a home, or says why it cannot be used and what to do.</summary>
    /// <exception cref="HomeException">
    /// Not writable, full, on an unsafe file system, of a newer release, or held by another silo.
    /// </exception>
    public static Task<HomeGuard> OpenAsync(
        SweepsHome home, HomeRules? rules = null, TimeProvider? clock = null, CancellationToken cancellation = default) =>
        OpenAsync(home, rules ?? new HomeRules(), StatFs, clock ?? TimeProvider.System, cancellation);

    /// <summary>The process that holds the home's lock; null when none does.</summary>
    public static int? Holder(SweepsHome home)
    {
        ArgumentNullException.ThrowIfNull(home);
        using var file = Native.Open(home.Lock, Native.ReadWrite);
        return file.IsInvalid || TryLock(file) ? null : ReadPid(file);
    }

    /// <summary>Frees the lock.</summary>
    public void Dispose() => _lock.Dispose();

    internal static async Task<HomeGuard> OpenAsync(
        SweepsHome home,
        HomeRules rules,
        Func<string, Native.FileSystemInfo> fileSystemOf,
        TimeProvider clock,
        CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(home);
        CheckFileSystem(home, fileSystemOf(Existing(home.Root)), rules);
        CreateFolders(home);
        var held = await LockAsync(home, rules, clock, cancellation).ConfigureAwait(false);
        try
        {
            _ = SqliteLedger.CheckVersion(home.Ledger);
            return new HomeGuard(home, held);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    private static void CheckFileSystem(SweepsHome home, Native.FileSystemInfo info, HomeRules rules)
    {
        if (FileSystems.WhyUnsafe(info.Type) is { } name)
        {
            throw new HomeException(
                $"the home '{home.Root}' lies on a network or foreign file system ({name}), where the ledger is not safe: "
                + "choose a local folder with --home DIR (ext4, xfs, btrfs; under WSL2 one inside Linux, not /mnt/c)");
        }

        var free = (long)info.BlocksAvailable * info.BlockSize;
        if (free < rules.MinimumFreeBytes)
        {
            throw new HomeException(string.Create(
                CultureInfo.InvariantCulture,
                $"the disk of the home '{home.Root}' is full: {free >> 20} MB free, at least "
                + $"{rules.MinimumFreeBytes >> 20} MB needed; free some, or choose another disk with --home DIR"));
        }
    }

    private static void CreateFolders(SweepsHome home)
    {
        try
        {
            string[] folders = [home.Root, home.Objects, home.Bases, home.Sweeps, home.Bin, home.Logs, home.Slots];
            foreach (var folder in folders)
            {
                Durable.CreateFolder(folder, Private);
            }

            // Folders may be there and yet closed to us: only writing tells.
            var probe = Path.Combine(home.Root, $".probe-{Guid.NewGuid():N}");
            Durable.WriteAllBytes(probe, "ok"u8);
            File.Delete(probe);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new HomeException(
                $"the home '{home.Root}' is not writable ({e.Message}): give it to the user who runs Sweeps, "
                + "or choose another with --home DIR or $SWEEPS_HOME",
                e);
        }
    }

    private static async Task<SafeFileHandle> LockAsync(
        SweepsHome home, HomeRules rules, TimeProvider clock, CancellationToken cancellation)
    {
        var file = Native.Open(home.Lock, Native.ReadWrite | Native.Create, LockMode);
        try
        {
            if (file.IsInvalid)
            {
                throw new HomeException(
                    $"the home '{home.Root}' cannot be locked ({home.Lock}: {Native.LastError}): check who owns it");
            }

            var started = clock.GetTimestamp();
            while (!TryLock(file))
            {
                if (clock.GetElapsedTime(started) >= rules.LockWait)
                {
                    throw new HomeException(string.Create(
                        CultureInfo.InvariantCulture,
                        $"another silo (pid {ReadPid(file)}) holds this home ('{home.Root}'): any sweeps command uses "
                        + $"that one; end it with 'sweeps down{home.OnCommandLine()}', or choose another --home DIR"));
                }

                await Task.Delay(rules.LockPoll, clock, cancellation).ConfigureAwait(false);
            }

            var pid = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}\n"));
            RandomAccess.SetLength(file, 0);
            RandomAccess.Write(file, pid, 0);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static bool TryLock(SafeFileHandle file)
    {
        if (Native.Flock(file, Native.LockExclusive | Native.LockNoWait) == 0)
        {
            return true;
        }

        return System.Runtime.InteropServices.Marshal.GetLastPInvokeError() == Native.WouldBlock
            ? false
            : throw new HomeException($"the home cannot be locked: {Native.LastError}");
    }

    private static int ReadPid(SafeFileHandle file)
    {
        Span<byte> text = stackalloc byte[16];
        var length = RandomAccess.Read(file, text, 0);
        var digits = text[..length].TrimEnd((byte)'\n');
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? pid : 0;
    }

    private static Native.FileSystemInfo StatFs(string path) =>
        Native.StatFs(path, out var info) == 0
            ? info
            : throw new HomeException($"the file system of '{path}' cannot be examined: {Native.LastError}");

    private static string Existing(string folder)
    {
        var path = folder;
        while (!Directory.Exists(path) && Path.GetDirectoryName(path) is { } parent)
        {
            path = parent;
        }

        return path;
    }
}
