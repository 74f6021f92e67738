using System.Globalization;
using System.Security.Cryptography;
using Sweeps.Core.Objects;
using Sweeps.Storage.Homes;

namespace Sweeps.Storage.Objects;

/// <summary>
/// Objects in a folder: <c>ab/ab12...</c>. One process at a time uses it (the home's lock). A file's time of change is
/// the object's age for the janitor.
/// </summary>
/// <param name="root">The folder; created when needed.</param>
/// <param name="clock">Where ages come from; null: the system's.</param>
public sealed class FolderObjectStore(string root, TimeProvider? clock = null) : IObjectStore
{
    private const int HexDigits = 64;
    private const string IncomingName = "incoming";

    private readonly string _root = Path.GetFullPath(root);
    private readonly TimeProvider _clock = clock ?? TimeProvider.System;

    // Between "it is old" and its deletion nobody may touch an object.
    private readonly Lock _ages = new();

    private string Incoming => Path.Combine(_root, IncomingName);

    /// <inheritdoc/>
    /// <exception cref="InvalidDataException">Not a SHA-256.</exception>
    public string PathOf(string sha256)
    {
        ArgumentNullException.ThrowIfNull(sha256);
        if (sha256.Length != HexDigits || !sha256.All(c => c is (>= '0' and <= '9') or (>= 'a' and <= 'f')))
        {
            throw new InvalidDataException($"'{Short(sha256)}' is not a SHA-256: 64 lower-case hex digits are");
        }

        return Path.Combine(_root, sha256[..2], sha256);
    }

    /// <inheritdoc/>
    public bool Touch(string sha256)
    {
        var path = PathOf(sha256);
        lock (_ages)
        {
            if (!File.Exists(path))
            {
                return false;
            }

            File.SetLastWriteTimeUtc(path, _clock.GetUtcNow().UtcDateTime);
            return true;
        }
    }

    /// <inheritdoc/>
    public async Task<long> PutAsync(
        Stream content, string expectedSha256, long maxBytes, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(content);
        var path = PathOf(expectedSha256);
        Durable.CreateFolder(Incoming);
        Durable.CreateFolder(Path.GetDirectoryName(path)!);
        var temporary = Path.Combine(Incoming, Guid.NewGuid().ToString("N"));
        try
        {
            var (bytes, sha256) = await CopyAsync(content, temporary, maxBytes, cancellation).ConfigureAwait(false);
            if (sha256 != expectedSha256)
            {
                throw new InvalidDataException(
                    $"the content has SHA-256 {sha256}, but {expectedSha256} was announced: it changed on the way, send it again");
            }

            lock (_ages)
            {
                File.SetLastWriteTimeUtc(temporary, _clock.GetUtcNow().UtcDateTime);
                Durable.Rename(temporary, path);
            }

            return bytes;
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <summary>All objects with their ages.</summary>
    public IReadOnlyList<StoredObject> List()
    {
        if (!Directory.Exists(_root))
        {
            return [];
        }

        var now = _clock.GetUtcNow().UtcDateTime;
        return
        [
            .. Directory.EnumerateDirectories(_root, "??")
                .SelectMany(folder => new DirectoryInfo(folder).EnumerateFiles())
                .Where(file => file.Name.Length == HexDigits)
                .Select(file => new StoredObject(file.Name, now - file.LastWriteTimeUtc, file.Length)),
        ];
    }

    /// <summary>Deletes an object unless it was stored or touched within <paramref name="age"/>.</summary>
    /// <returns>Whether it was deleted.</returns>
    public bool DeleteIfOlder(string sha256, TimeSpan age)
    {
        var path = PathOf(sha256);
        lock (_ages)
        {
            if (!File.Exists(path) || Age(path) < age)
            {
                return false;
            }

            File.Delete(path);
            return true;
        }
    }

    /// <summary>Deletes what interrupted uploads older than <paramref name="age"/> left.</summary>
    /// <returns>Files deleted.</returns>
    public int DeleteInterrupted(TimeSpan age)
    {
        if (!Directory.Exists(Incoming))
        {
            return 0;
        }

        var old = Directory.EnumerateFiles(Incoming).Where(file => Age(file) >= age).ToList();
        old.ForEach(File.Delete);
        return old.Count;
    }

    private TimeSpan Age(string path) => _clock.GetUtcNow().UtcDateTime - File.GetLastWriteTimeUtc(path);

    private static async Task<(long Bytes, string Sha256)> CopyAsync(
        Stream content, string to, long maxBytes, CancellationToken cancellation)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var file = new FileStream(to, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        await using (file.ConfigureAwait(false))
        {
            var buffer = new byte[128 << 10];
            long bytes = 0;
            int read;
            while ((read = await content.ReadAsync(buffer, cancellation).ConfigureAwait(false)) > 0)
            {
                bytes += read;
                if (bytes > maxBytes)
                {
                    throw new InvalidDataException(string.Create(
                        CultureInfo.InvariantCulture, $"the content has more than the {maxBytes} bytes that are allowed"));
                }

                hash.AppendData(buffer, 0, read);
                await file.WriteAsync(buffer.AsMemory(0, read), cancellation).ConfigureAwait(false);
            }

            file.Flush(flushToDisk: true);
            return (bytes, Convert.ToHexStringLower(hash.GetHashAndReset()));
        }
    }

    private static string Short(string text) => text.Length <= 80 ? text : text[..80] + "...";
}
