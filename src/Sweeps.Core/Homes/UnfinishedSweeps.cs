namespace Sweeps.Core.Homes;

/// <summary>The home's list of unfinished sweeps, which commands read when no silo runs: a line <c>ID</c> or <c>ID paused</c> each.</summary>
public static class UnfinishedSweeps
{
    private const string Paused = " paused";

    /// <summary>The list as the last silo left it; empty when there is none.</summary>
    public static IReadOnlyList<(string Sweep, bool Paused)> Read(SweepsHome home)
    {
        ArgumentNullException.ThrowIfNull(home);
        try
        {
            return
            [
                .. File.ReadLines(home.UnfinishedFile)
                    .Where(line => line.Length > 0)
                    .Select(line => line.EndsWith(Paused, StringComparison.Ordinal) ? (line[..^Paused.Length], true) : (line, false)),
            ];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>Adds one that is being launched: whoever dies a moment later has left word of it.</summary>
    public static void Add(SweepsHome home, string sweep)
    {
        var known = Read(home);
        if (known.All(one => one.Sweep != sweep))
        {
            Write(home, [.. known, (sweep, false)]);
        }
    }

    /// <summary>Writes it, whole or not at all.</summary>
    public static void Write(SweepsHome home, IEnumerable<(string Sweep, bool Paused)> sweeps)
    {
        ArgumentNullException.ThrowIfNull(home);
        var temporary = $"{home.UnfinishedFile}.{Guid.NewGuid():N}";
        File.WriteAllLines(temporary, sweeps.Select(sweep => sweep.Paused ? sweep.Sweep + Paused : sweep.Sweep));
        File.Move(temporary, home.UnfinishedFile, overwrite: true);
    }
}
