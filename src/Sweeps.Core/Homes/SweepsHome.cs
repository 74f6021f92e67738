using System.Buffers;

namespace Sweeps.Core.Homes;

/// <summary>Where everything lies that one silo (or one machine's worker) keeps: <c>~/.sweeps</c>, or <c>--home DIR</c>.</summary>
public sealed class SweepsHome
{
    /// <summary>Characters of a path that a shell takes as they are.</summary>
    private static readonly SearchValues<char> Plain =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:,@%=");

    /// <summary>Free bytes that a home's disk must have, else no silo starts on it.</summary>
    public const long MinimumFreeBytes = 64L << 20;

    /// <summary>Names the home; nothing is created.</summary>
    /// <param name="root">Absolute or relative folder.</param>
    public SweepsHome(string root) => Root = Path.GetFullPath(root);

    /// <summary>The folder itself.</summary>
    public string Root { get; }

    /// <summary>The ledger.</summary>
    public string Ledger => Path.Combine(Root, "ledger.db");

    /// <summary>Held (flock) by the silo while it lives.</summary>
    public string Lock => Path.Combine(Root, "silo.lock");

    /// <summary>There while the silo is down because somebody asked for it (<c>sweeps down</c>): who watches lets it be.</summary>
    public string DownFile => Path.Combine(Root, "down");

    /// <summary>Where the silo of this home can be reached: written once it is ready, see <see cref="SiloAddress"/>.</summary>
    public string SiloFile => Path.Combine(Root, "silo.json");

    /// <summary>Ids of the unfinished sweeps, one a line, kept by the silo, so that a command can tell without a silo.</summary>
    public string UnfinishedFile => Path.Combine(Root, "unfinished");

    /// <summary>The random token that CLI and silo share; mode 0600.</summary>
    public string TokenFile => Path.Combine(Root, "token");

    /// <summary>Pinned inputs by SHA-256: <c>objects/ab/ab12...</c>.</summary>
    public string Objects => Path.Combine(Root, "objects");

    /// <summary>Copies of the built-in base models, by hash.</summary>
    public string Bases => Path.Combine(Root, "bases");

    /// <summary>Checkpoints and curves: <c>sweeps/SWEEP/train-12/attempt-1/step-40</c>.</summary>
    public string Sweeps => Path.Combine(Root, "sweeps");

    /// <summary>Tokenised data sets by what they were made from; can be deleted at any time.</summary>
    public string TokenCache => Path.Combine(Root, "cache", "tokens");

    /// <summary>Copies of silo and trainer by build hash: <c>bin/HASH</c>.</summary>
    public string Bin => Path.Combine(Root, "bin");

    /// <summary>Logs of silo and trainers.</summary>
    public string Logs => Path.Combine(Root, "logs");

    /// <summary>File locks of the slots: <c>slots/3.lock</c>, held by the trainer of that slot; <c>slots/3.json</c> says who.</summary>
    public string Slots => Path.Combine(Root, "slots");

    /// <summary>The default: <c>$SWEEPS_HOME</c>, else <c>~/.sweeps</c>.</summary>
    /// <exception cref="DirectoryNotFoundException">Neither is set, as in some containers and services: any other folder would be a guess.</exception>
    public static SweepsHome Default() =>
        FindDefault() ?? throw new DirectoryNotFoundException("there is no home folder: neither SWEEPS_HOME nor HOME is set");

    private static SweepsHome? FindDefault()
    {
        if (Environment.GetEnvironmentVariable("SWEEPS_HOME") is { Length: > 0 } home)
        {
            return new SweepsHome(home);
        }

        // HOME itself, there or not: the library answers with nothing for a folder that does not exist.
        var user = Environment.GetEnvironmentVariable("HOME") is { Length: > 0 } named
            ? named
            : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify);
        return Path.IsPathRooted(user) ? new SweepsHome(Path.Combine(user, ".sweeps")) : null;
    }

    /// <summary>What a command line needs to mean this home: nothing for the default, else <c> --home DIR</c>.</summary>
    public string OnCommandLine() =>
        Root == FindDefault()?.Root ? string.Empty
        : Root.AsSpan().ContainsAnyExcept(Plain) ? $" --home '{Root.Replace("'", "'\\''", StringComparison.Ordinal)}'"
        : $" --home {Root}";

    /// <summary>The folder of a job, relative to <see cref="Sweeps"/>: <c>SWEEP/train-12</c>.</summary>
    public static string JobDirectory(Ids.JobId job) =>
        $"{job.Sweep}/{job.Kind.ToString().ToLowerInvariant()}-{job.Number.ToString(System.Globalization.CultureInfo.InvariantCulture)}";

    /// <summary>The folder of an attempt, relative to <see cref="Sweeps"/>: <c>SWEEP/train-12/attempt-1</c>.</summary>
    public static string AttemptDirectory(Ids.JobId job, int attempt) =>
        $"{JobDirectory(job)}/attempt-{attempt.ToString(System.Globalization.CultureInfo.InvariantCulture)}";
}
