using Sweeps.Core.Api;
using Sweeps.Core.Homes;

namespace Sweeps.Cli.Hosting;

/// <summary>Why a home cannot be written, in words: the system's own name files that nobody has heard of.</summary>
internal static class HomeTrouble
{
    private const int NoSpace = 28;
    private const int QuotaExceeded = 122;
    private const int ReadOnly = 30;

    private const string Another = "choose another home with --home DIR";

    /// <summary>The refusal for what went wrong while the home was made or filled.</summary>
    /// <param name="home">The home.</param>
    /// <param name="error">What the system said.</param>
    public static CliException Of(SweepsHome home, Exception error)
    {
        var (why, fix) = error switch
        {
            _ when FileAbove(home.Root) is { } file => ($"{file} is a file, not a folder", Another),
            UnauthorizedAccessException => ("permission is denied", $"give it to the user who runs sweeps (chown, chmod u+rwx), or {Another}"),
            _ when error.HResult is NoSpace or QuotaExceeded => ("its disk is full", $"free some space there, or {Another}"),
            FileNotFoundException => ("no folder can be created there", Another),
            _ when error.HResult == ReadOnly => ("its file system is mounted read-only", Another),
            _ => (error.Message, $"mend that, or {Another}"),
        };
        return new CliException($"the home {home.Root} cannot be written: {why}", ExitCodes.BadHome, fix);
    }

    /// <summary>The refusal for a home that this user may not even look into; null when it is open, or not there yet.</summary>
    public static CliException? Closed(SweepsHome home)
    {
        try
        {
            using var any = Directory.EnumerateFileSystemEntries(home.Root).GetEnumerator();
            _ = any.MoveNext();
            return null;
        }
        catch (UnauthorizedAccessException e)
        {
            return Of(home, e);
        }
        catch (IOException)
        {
            // Not there, or not a folder: whoever writes it says so.
            return null;
        }
    }

    /// <summary>Tries whether the home could be written, without making it; null when it can.</summary>
    public static CliException? Probe(SweepsHome home)
    {
        var folder = home.Root;
        while (!Directory.Exists(folder) && !File.Exists(folder))
        {
            folder = Path.GetDirectoryName(folder) ?? "/";
        }

        var probe = Path.Combine(folder, $".sweeps-probe-{Guid.NewGuid():N}");
        try
        {
            try
            {
                File.WriteAllText(probe, "ok");
            }
            finally
            {
                File.Delete(probe);
            }

            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Of(home, e);
        }
    }

    /// <summary>A file where a folder on the way to the home should be.</summary>
    private static string? FileAbove(string root)
    {
        for (var path = root; path is not null; path = Path.GetDirectoryName(path))
        {
            if (File.Exists(path))
            {
                return path;
            }
        }

        return null;
    }
}
