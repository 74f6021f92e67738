using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Sweeps.Core.Homes;

namespace Sweeps.Cli.Hosting;

/// <summary>
/// Silo and trainer run from a copy in the home, named by the build's hash, so that a rebuild never overwrites what is
/// mapped. LibTorch (half a gigabyte) is hard-linked, or copied once where the home is on another file system.
/// </summary>
internal static partial class HomeCopy
{
    private const string Service = "service";

    /// <summary>A copy takes seconds; on a slow disk, with LibTorch, minutes.</summary>
    private static readonly TimeSpan TurnWithin = TimeSpan.FromMinutes(5);

    /// <summary>The copy of this build in the home, made if it is not there yet.</summary>
    public static async Task<Builds> EnsureAsync(SweepsHome home, Builds builds, string hash, CancellationToken cancellation)
    {
        if (IsComplete(home, hash))
        {
            return CopyOf(home, hash);
        }

        // One command at a time: a copy that another one is making, or that a silo runs from, is never taken away.
        Directory.CreateDirectory(home.Bin);
        await using var turn = await TakeTurnAsync(Path.Combine(home.Bin, ".lock"), cancellation);
        return IsComplete(home, hash) ? CopyOf(home, hash) : Make(home, builds, hash);
    }

    /// <summary>The copy under a name that no upgrade removes, for a service that starts it by path.</summary>
    public static Builds KeepForService(SweepsHome home, string hash)
    {
        var link = Path.Combine(home.Bin, Service);
        var temporary = $"{link}.{Environment.ProcessId}";
        File.Delete(temporary);
        File.CreateSymbolicLink(temporary, hash);

        // .NET's own move looks at what the link leads to.
        if (Rename(temporary, link) != 0)
        {
            throw new IOException($"{link} cannot be written: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        return CopyOf(home, Service);
    }

    private static bool IsComplete(SweepsHome home, string hash) => File.Exists(Path.Combine(home.Bin, hash, "complete"));

    private static Builds CopyOf(SweepsHome home, string name) =>
        new(Path.Combine(home.Bin, name, "silo"), Path.Combine(home.Bin, name, "trainer"));

    private static async Task<FileStream> TakeTurnAsync(string path, CancellationToken cancellation)
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while (true)
        {
            try
            {
                // FileShare.None is an exclusive flock on Linux: it ends with the process.
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (File.Exists(path) && clock.Elapsed < TurnWithin)
            {
                await Task.Delay(50, cancellation);
            }
        }
    }

    private static Builds Make(SweepsHome home, Builds builds, string hash)
    {
        var target = Path.Combine(home.Bin, hash);
        var copy = CopyOf(home, hash);
        var temporary = Path.Combine(home.Bin, $".{hash}.{Environment.ProcessId}");
        DiscardUnfinished(home);
        try
        {
            Directory.CreateDirectory(temporary);
            CopyTree(builds.Silo, Path.Combine(temporary, "silo"));
            CopyTree(builds.Trainer, Path.Combine(temporary, "trainer"));
            if (LibTorchOf(builds.Trainer) is { } libtorch)
            {
                PlaceLibTorch(libtorch, Path.Combine(temporary, "trainer", "libtorch"), home);
            }

            // On disk before it is called complete: a power cut must not leave half of it under that name.
            Sync(temporary);
            File.WriteAllText(Path.Combine(temporary, "complete"), Builds.Version);
            if (Directory.Exists(target))
            {
                Directory.Delete(target, recursive: true);
            }

            Directory.Move(temporary, target);
        }
        catch
        {
            // What did not fit must not take up what the next try needs.
            Discard(temporary);
            throw;
        }

        Prune(home, hash);
        return copy;
    }

    /// <summary>Removes what commands left that were killed in mid-copy: hidden names that end in the id of a process that is gone.</summary>
    private static void DiscardUnfinished(SweepsHome home)
    {
        foreach (var folder in Directory.EnumerateDirectories(home.Bin, ".*"))
        {
            if (int.TryParse(Path.GetExtension(folder).TrimStart('.'), NumberStyles.None, CultureInfo.InvariantCulture, out var process)
                && ProcessIdentity.Of(process) is null)
            {
                Discard(folder);
            }
        }
    }

    private static void Discard(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The next copy tries again.
        }
    }

    /// <summary>Puts everything of the folder's file system on disk: one call for thousands of files.</summary>
    private static void Sync(string folder)
    {
        const int readOnlyFolder = 0x10000;
        var file = Open(folder, readOnlyFolder);
        if (file < 0)
        {
            return;
        }

        var failed = SyncFileSystem(file) != 0;
        var error = Marshal.GetLastPInvokeError();
        _ = Close(file);
        if (failed)
        {
            throw new IOException($"{folder} cannot be written to disk: {Marshal.GetPInvokeErrorMessage(error)}", error);
        }
    }

    /// <summary>The LibTorch folder that a trainer build names: beside it, or in its runtimeconfig.</summary>
    public static string? LibTorchOf(string trainer)
    {
        if (Environment.GetEnvironmentVariable("SWEEPS_LIBTORCH") is { Length: > 0 } asked)
        {
            return asked;
        }

        var beside = Path.Combine(trainer, "libtorch");
        if (Directory.Exists(beside))
        {
            return beside;
        }

        var config = Path.Combine(trainer, "Sweeps.Trainer.runtimeconfig.json");
        if (!File.Exists(config))
        {
            return null;
        }

        using var json = JsonDocument.Parse(File.ReadAllText(config));
        return json.RootElement.TryGetProperty("runtimeOptions", out var options)
            && options.TryGetProperty("configProperties", out var properties)
            && properties.TryGetProperty("Sweeps.LibTorchDirectory", out var directory)
            && Directory.Exists(directory.GetString())
                ? directory.GetString()
                : null;
    }

    private static void CopyTree(string from, string to)
    {
        foreach (var file in Builds.Files(from))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    private static void PlaceLibTorch(string from, string to, SweepsHome home)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.EnumerateFiles(from))
        {
            var target = Path.Combine(to, Path.GetFileName(file));
            if (HardLink(Resolve(file), target) != 0)
            {
                Directory.Delete(to, recursive: true);
                Directory.CreateSymbolicLink(to, SharedCopy(from, home));
                return;
            }
        }
    }

    private static string SharedCopy(string from, SweepsHome home)
    {
        var name = Path.GetFileName(from.TrimEnd(Path.DirectorySeparatorChar));
        var shared = Path.Combine(home.Bin, $"libtorch-{name}");
        if (Directory.Exists(shared))
        {
            return shared;
        }

        var temporary = Path.Combine(home.Bin, $".libtorch-{name}.{Environment.ProcessId}");
        try
        {
            Directory.CreateDirectory(temporary);
            foreach (var file in Directory.EnumerateFiles(from))
            {
                File.Copy(Resolve(file), Path.Combine(temporary, Path.GetFileName(file)));
            }

            Sync(temporary);
            Directory.Move(temporary, shared);
            return shared;
        }
        catch
        {
            Discard(temporary);
            throw;
        }
    }

    private static string Resolve(string file) => File.ResolveLinkTarget(file, returnFinalTarget: true)?.FullName ?? file;

    /// <summary>Keeps this copy and the newest other two: a silo that still runs has its files mapped and is not harmed.</summary>
    private static void Prune(SweepsHome home, string hash)
    {
        var running = SiloProcess.BuildOf(home);
        var service = new FileInfo(Path.Combine(home.Bin, Service)).LinkTarget;
        foreach (var old in new DirectoryInfo(home.Bin).EnumerateDirectories()
            .Where(d => d.Name != hash && d.Name != running && d.Name != service && d.Name.Length == 16 && File.Exists(Path.Combine(d.FullName, "complete")))
            .OrderByDescending(d => d.CreationTimeUtc)
            .Skip(2))
        {
            try
            {
                old.Delete(recursive: true);
            }
            catch (IOException)
            {
                // Somebody else prunes too.
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "syncfs", SetLastError = true)]
    private static partial int SyncFileSystem(int file);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int file);

    [LibraryImport("libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Rename(string from, string to);

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int HardLink(string from, string to);
}
