using Sweeps.Core.Homes;
using Sweeps.Core.Ids;
using Sweeps.Core.Ledger;
using Sweeps.Storage.Objects;

namespace Sweeps.Storage.Cleaning;

/// <summary>
/// Deletes what the ledger no longer names; nobody else deletes. It lists folders first and reads the ledger second, so
/// that what was committed in between is seen as committed. Of the ledger it reads the jobs first and the checkpoints
/// second: once a job's current attempt is above n, attempt n can commit nothing more.
/// </summary>
/// <param name="home">The home.</param>
/// <param name="ledger">Its ledger.</param>
/// <param name="objects">Its objects.</param>
/// <param name="pins">Folders being read; null: none ever are.</param>
public sealed class Janitor(SweepsHome home, ILedger ledger, FolderObjectStore objects, CheckpointPins? pins = null)
{
    /// <summary>Objects younger than this are spared: a launch may have put or touched them and not be committed yet.</summary>
    public static readonly TimeSpan ObjectAge = TimeSpan.FromHours(1);

    private readonly CheckpointPins _pins = pins ?? new CheckpointPins();

    /// <summary>Cleans every <paramref name="interval"/> until cancelled.</summary>
    /// <param name="interval">The time between two rounds.</param>
    /// <param name="clock">For the interval.</param>
    /// <param name="report">Told of every round, and of errors that ended one.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task RunAsync(
        TimeSpan interval, TimeProvider clock, Action<CleaningReport> report, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(report);
        using var timer = new PeriodicTimer(interval, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellation).ConfigureAwait(false))
            {
                try
                {
                    report(await RunOnceAsync(cancellation).ConfigureAwait(false));
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    report(new CleaningReport(0, 0, 0, 0, [e.Message]));
                }
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The end that was asked for.
        }
    }

    /// <summary>One round.</summary>
    public async Task<CleaningReport> RunOnceAsync(CancellationToken cancellation = default)
    {
        var round = new Round();
        if (Directory.Exists(home.Sweeps))
        {
            foreach (var folder in Directory.EnumerateDirectories(home.Sweeps))
            {
                if (SweepIds.IsValid(Path.GetFileName(folder)))
                {
                    await CleanSweepAsync(folder, Path.GetFileName(folder), round, cancellation).ConfigureAwait(false);
                }
            }
        }

        await CleanObjectsAsync(round, cancellation).ConfigureAwait(false);
        return new CleaningReport(round.Dropped, round.Abandoned, round.Sweeps, round.Objects, round.Errors);
    }

    private async Task CleanSweepAsync(string folder, string sweep, Round round, CancellationToken cancellation)
    {
        var attempts = AttemptFolder.List(folder, sweep);
        var row = await ledger.FindSweepAsync(sweep, cancellation).ConfigureAwait(false);
        if (row is null)
        {
            // Not in the ledger: not ours to judge.
            return;
        }

        if (row.Removed && LedgerRules.HasEnded(row.State))
        {
            round.Sweeps += Delete(sweep, round);
            return;
        }

        if (attempts.All(a => a.Children.Count == 0))
        {
            return;
        }

        var jobs = (await ledger.JobsAsync(sweep, 0, cancellation).ConfigureAwait(false)).ToDictionary(j => j.Id);
        var checkpoints = (await ledger.CheckpointsAsync(sweep, cancellation).ConfigureAwait(false))
            .ToDictionary(c => c.Directory, StringComparer.Ordinal);
        foreach (var attempt in attempts)
        {
            if (!jobs.TryGetValue(attempt.Job, out var job))
            {
                continue;
            }

            foreach (var directory in attempt.Children.Select(attempt.Directory))
            {
                if (checkpoints.TryGetValue(directory, out var checkpoint))
                {
                    round.Dropped += checkpoint.Status == CheckpointStatus.Dropped ? Delete(directory, round) : 0;
                }
                else if (attempt.Attempt < job.Attempt)
                {
                    round.Abandoned += Delete(directory, round);
                }
            }
        }
    }

    private async Task CleanObjectsAsync(Round round, CancellationToken cancellation)
    {
        var old = objects.List().Where(o => o.Age >= ObjectAge).ToList();
        var pinned = await ledger.PinnedObjectsAsync(cancellation).ConfigureAwait(false);
        round.Objects += old.Count(o => !pinned.Contains(o.Sha256) && objects.DeleteIfOlder(o.Sha256, ObjectAge));
        round.Objects += objects.DeleteInterrupted(ObjectAge);
    }

    private int Delete(string directory, Round round)
    {
        try
        {
            var path = Path.Combine(home.Sweeps, directory);
            return _pins.TryDelete(directory, () => Directory.Delete(path, recursive: true)) ? 1 : 0;
        }
        catch (DirectoryNotFoundException)
        {
            return 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            round.Errors.Add($"'{directory}' could not be deleted: {e.Message}");
            return 0;
        }
    }

    private sealed class Round
    {
        public int Dropped { get; set; }

        public int Abandoned { get; set; }

        public int Sweeps { get; set; }

        public int Objects { get; set; }

        public List<string> Errors { get; } = [];
    }
}
