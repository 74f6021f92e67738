using System.Globalization;
using Sweeps.Core.Homes;
using Sweeps.Core.Ids;

namespace Sweeps.Storage.Cleaning;

/// <summary>An attempt's folder as the janitor found it: <c>SWEEP/train-12/attempt-1</c> with the folders in it.</summary>
/// <param name="Job">Whose it is.</param>
/// <param name="Attempt">Its number.</param>
/// <param name="Children">Names of the folders in it: <c>step-40</c>, and unfinished ones.</param>
internal sealed record AttemptFolder(JobId Job, int Attempt, IReadOnlyList<string> Children)
{
    private const string AttemptPrefix = "attempt-";

    /// <summary>A child relative to the home's sweeps folder, as the ledger writes it.</summary>
    public string Directory(string child) => $"{SweepsHome.AttemptDirectory(Job, Attempt)}/{child}";

    /// <summary>Every attempt's folder of a sweep; folders with other names are nobody's business here.</summary>
    public static IReadOnlyList<AttemptFolder> List(string sweepFolder, string sweep)
    {
        var found = new List<AttemptFolder>();
        foreach (var jobFolder in System.IO.Directory.EnumerateDirectories(sweepFolder))
        {
            if (!TryJob(sweep, Path.GetFileName(jobFolder), out var job))
            {
                continue;
            }

            foreach (var attemptFolder in System.IO.Directory.EnumerateDirectories(jobFolder, AttemptPrefix + "*"))
            {
                if (TryNumber(Path.GetFileName(attemptFolder).AsSpan(AttemptPrefix.Length), out var attempt))
                {
                    var children = System.IO.Directory.EnumerateDirectories(attemptFolder).Select(d => Path.GetFileName(d)!);
                    found.Add(new AttemptFolder(job, attempt, [.. children]));
                }
            }
        }

        return found;
    }

    private static bool TryJob(string sweep, string name, out JobId job)
    {
        var hyphen = name.LastIndexOf('-');
        job = default;
        if (hyphen < 1
            || !Enum.TryParse<JobKind>(name.AsSpan(0, hyphen), ignoreCase: true, out var kind)
            || !TryNumber(name.AsSpan(hyphen + 1), out var number))
        {
            return false;
        }

        job = new JobId(sweep, kind, number);
        return $"{sweep}/{name}" == SweepsHome.JobDirectory(job);
    }

    private static bool TryNumber(ReadOnlySpan<char> text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
