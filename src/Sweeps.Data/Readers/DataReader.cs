using Sweeps.Core.Files;
using Sweeps.Core.Spec;

namespace Sweeps.Data.Readers;

/// <summary>Reads a data file: CSV (<c>.csv</c>, <c>.tsv</c>, <c>.txt</c>) or JSON Lines (<c>.jsonl</c>, <c>.ndjson</c>).</summary>
public static class DataReader
{
    private static readonly string[] CsvEndings = [".csv", ".tsv", ".tab", ".txt"];
    private static readonly string[] JsonEndings = [".jsonl", ".ndjson"];

    /// <summary>Reads a whole file into memory.</summary>
    /// <param name="path">The file; its ending chooses the format.</param>
    /// <param name="options">Delimiter and bounds; null for the defaults.</param>
    /// <exception cref="DataException">The file is missing, unreadable, empty, too large, of an unknown format, or broken.</exception>
    public static DataTable Read(string path, ReadOptions? options = null)
    {
        options ??= ReadOptions.Default;
        if (Directory.Exists(path))
        {
            throw new DataException(path, null, "this is a folder", "Name a .csv or .jsonl file");
        }

        if (!File.Exists(path))
        {
            throw Missing(path);
        }

        if (FileKind.WhyNotRegular(path) is { } kind)
        {
            throw new DataException(path, null, $"this is {kind}, not a file", "Write the rows to a file and name that");
        }

        try
        {
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan);
            return Read(stream, path, options);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new DataException(path, null, "the file cannot be read: permission denied", $"Allow reading (chmod u+r {Path.GetFileName(path)})", e);
        }
        catch (IOException e)
        {
            throw new DataException(path, null, $"the file cannot be read: {e.Message.TrimEnd('.')}", null, e);
        }
    }

    /// <summary>Reads a seekable stream; <paramref name="name"/> is what messages call it, and its ending chooses the format.</summary>
    /// <exception cref="DataException">As for a file.</exception>
    public static DataTable Read(Stream stream, string name, ReadOptions? options = null)
    {
        options ??= ReadOptions.Default;
        string ending = Path.GetExtension(name).ToLowerInvariant();
        bool json = JsonEndings.Contains(ending);
        if (!json && !CsvEndings.Contains(ending))
        {
            string fix = ending == ".json"
                ? "Write it as JSON Lines (one object a line) and call it .jsonl"
                : $"Use CSV ({string.Join(", ", CsvEndings)}) or JSON Lines ({string.Join(", ", JsonEndings)})";
            throw new DataException(name, null, $"the ending '{ending}' is not a data format that is read here", fix);
        }

        if (stream.Length > options.MaxFileBytes)
        {
            throw new DataException(name, null, $"the file has {stream.Length:N0} bytes, the limit is {options.MaxFileBytes:N0}", "Use a part of it");
        }

        if (stream.Length == 0)
        {
            throw new DataException(name, null, "the file is empty");
        }

        using TextSource source = TextSource.Open(stream, name);
        ReadOptions chosen = ending is ".tsv" or ".tab" && options.Delimiter is null ? options with { Delimiter = '\t' } : options;
        return json ? JsonLinesReader.Read(source, name, chosen) : CsvReader.Read(source, name, chosen);
    }

    private static DataException Missing(string path)
    {
        string? folder = Path.GetDirectoryName(Path.GetFullPath(path));
        if (folder is null || !Directory.Exists(folder))
        {
            return new DataException(path, null, $"the file does not exist, nor does its folder {folder}", "Check the path");
        }

        string? nearest = null;
        try
        {
            nearest = NearestName.Of(Path.GetFileName(path), Directory.EnumerateFiles(folder).Take(1000).Select(static file => Path.GetFileName(file)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Only the hint is lost.
        }

        return new DataException(path, null, "the file does not exist", nearest is null ? "Check the path" : $"Did you mean '{nearest}'?");
    }
}
