namespace Sweeps.Data.Caching;

/// <summary>
/// Keeps tokenised splits in a folder, one file each, named by what they were made from: trials of a sweep, and trainers
/// beside each other, tokenise a data set once. The folder can be deleted at any time.
/// </summary>
/// <remarks>
/// A file is written under a name of its own and then renamed, and carries a checksum: of two writers the last one stays
/// (both wrote the same), what a killed writer or a full disk left is not read, and rebuilt. Nothing here ever fails an
/// attempt: a folder that cannot be written is a cache that keeps nothing. Thread-safe, and safe between processes.
/// </remarks>
/// <param name="folder">Made when needed.</param>
/// <param name="time">For the ages of files.</param>
/// <param name="maxBytes">Most bytes that stay, default 1 GiB: beyond it the files go that were not read for longest.</param>
public sealed class TokenCache(string folder, TimeProvider time, long maxBytes = 1L << 30)
{
    private const string Ending = ".tokens";
    private const string Unfinished = ".tmp";

    /// <summary>What a killed writer left is deleted at this age.</summary>
    private static readonly TimeSpan UnfinishedAge = TimeSpan.FromHours(1);

    /// <summary>The rows kept under a key, or those that <paramref name="make"/> makes, kept from now on.</summary>
    /// <param name="key">All that the rows depend on.</param>
    /// <param name="make">Makes them; what it throws goes to the caller and nothing is kept.</param>
    public TokenizedRows GetOrMake(TokenCacheKey key, Func<TokenizedRows> make)
    {
        if (Find(key) is { } kept)
        {
            return kept;
        }

        TokenizedRows made = make();
        Keep(key, made);
        return made;
    }

    /// <summary>The rows kept under a key; null when there are none, or none that are whole.</summary>
    public TokenizedRows? Find(TokenCacheKey key)
    {
        string file = PathOf(key);
        try
        {
            if (!File.Exists(file) || new FileInfo(file).Length > maxBytes)
            {
                return null;
            }

            if (TokenFile.Read(key, File.ReadAllBytes(file)) is { } rows)
            {
                // The files read last are the last to go.
                File.SetLastWriteTimeUtc(file, time.GetUtcNow().UtcDateTime);
                return rows;
            }

            File.Delete(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Another process may have deleted it just now; without it the rows are made anew.
        }

        return null;
    }

    /// <summary>Keeps rows under a key.</summary>
    /// <returns>Whether they are kept now: not when they are larger than the whole cache, or the folder cannot be written.</returns>
    public bool Keep(TokenCacheKey key, TokenizedRows rows)
    {
        if (((rows.Rows.Sum(static row => (long)row.Length) + rows.Labels.Sum(static labels => (long)labels.Length)) * 4) + (rows.Rows.Length * 8L) > Math.Min(maxBytes, Array.MaxLength) - 1024)
        {
            return false;
        }

        string unfinished = Path.Combine(folder, $"{key.Name}.{Guid.NewGuid():N}{Unfinished}");
        try
        {
            Directory.CreateDirectory(folder);
            File.WriteAllBytes(unfinished, TokenFile.Write(key, rows));
            File.SetLastWriteTimeUtc(unfinished, time.GetUtcNow().UtcDateTime);
            File.Move(unfinished, PathOf(key), overwrite: true);
            Trim();
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Delete(unfinished);
            return false;
        }
    }

    private string PathOf(TokenCacheKey key) => Path.Combine(folder, key.Name + Ending);

    /// <summary>Deletes what is too much, and what killed writers left.</summary>
    private void Trim()
    {
        DateTime now = time.GetUtcNow().UtcDateTime;
        long bytes = 0;
        foreach (FileInfo file in new DirectoryInfo(folder).GetFiles().OrderByDescending(LastUse))
        {
            if (file.Name.EndsWith(Unfinished, StringComparison.Ordinal))
            {
                if (now - LastUse(file) > UnfinishedAge)
                {
                    Delete(file.FullName);
                }
            }
            else if (file.Name.EndsWith(Ending, StringComparison.Ordinal))
            {
                bytes += Length(file);
                if (bytes > maxBytes)
                {
                    Delete(file.FullName);
                }
            }
        }
    }

    private static DateTime LastUse(FileInfo file) => file.Exists ? file.LastWriteTimeUtc : DateTime.MinValue;

    private static long Length(FileInfo file)
    {
        try
        {
            return file.Length;
        }
        catch (FileNotFoundException)
        {
            return 0;
        }
    }

    private static void Delete(string file)
    {
        try
        {
            File.Delete(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Whoever trims next tries again.
        }
    }
}
