using Sweeps.Abstractions.Sweep;
using Sweeps.Abstractions.Trials;
using Sweeps.Core.Api;
using Sweeps.Core.Ids;
using Sweeps.Core.Json;
using Sweeps.Core.Ledger;
using Sweeps.Core.Planning;
using Sweeps.Core.Spec;
using Sweeps.Core.States;
using Sweeps.Web.Errors;
using Sweeps.Web.Grains;

namespace Sweeps.Web.Views;

/// <summary>Reads sweeps as people see them: the ledger's rows, with the live progress of what runs.</summary>
internal sealed partial class SweepReader(
    ISweepQueries queries,
    SweepBoards boards,
    ISweepsGrains grains,
    TimeProvider time,
    ILogger<SweepReader> logger)
{
    /// <summary>A page waits this long for live progress, then shows the rows alone.</summary>
    private static readonly TimeSpan LiveWithin = TimeSpan.FromSeconds(2);

    /// <summary>The sweep's row.</summary>
    /// <exception cref="ApiException">404.</exception>
    public async Task<SweepRow> ResolveAsync(string sweep, CancellationToken cancellation) =>
        await queries.ResolveSweepAsync(sweep, cancellation).ConfigureAwait(false)
        ?? throw ApiException.NotFound(
            WhyNot(sweep, [.. (await queries.SweepsAsync(cancellation).ConfigureAwait(false)).Select(row => row.Id)]));

    /// <summary>All sweeps, newest first.</summary>
    public async Task<IReadOnlyList<SweepSummary>> ListAsync(CancellationToken cancellation)
    {
        var summaries = new List<SweepSummary>();
        foreach (var row in await queries.SweepsAsync(cancellation).ConfigureAwait(false))
        {
            summaries.Add(await SummaryAsync(row, cancellation).ConfigureAwait(false));
        }

        return summaries;
    }

    /// <summary>One sweep in a list.</summary>
    public async Task<SweepSummary> SummaryAsync(SweepRow row, CancellationToken cancellation)
    {
        var board = await boards.GetAsync(row, cancellation).ConfigureAwait(false);
        return Summary(board, await LiveAsync(row, cancellation).ConfigureAwait(false));
    }

    /// <summary>A board and the live progress beside it: what <see cref="Detail"/> is made of.</summary>
    public async Task<(SweepBoard Board, LiveSweep? Live)> LookAsync(SweepRow row, CancellationToken cancellation)
    {
        var board = await boards.GetAsync(row, cancellation).ConfigureAwait(false);
        return (board, await LiveAsync(row, cancellation).ConfigureAwait(false));
    }

    /// <summary>The sweep with its trials.</summary>
    public SweepDetail Detail(SweepBoard board, LiveSweep? live)
    {
        var facts = SweepsJson.Read<SweepFacts>(board.Sweep.FactsJson);
        var running = (live?.Running ?? []).ToDictionary(r => r.Job);
        var trials = new List<TrialSummary>(board.Trials.Count);
        for (var i = 0; i < board.Trials.Count; i++)
        {
            trials.Add(TrialSummaries.Of(
                board.Trials[i], board.Sweep.ToObjective(), board.Points[i], running.GetValueOrDefault(board.Trials[i].Job.Id)));
        }

        return new SweepDetail(
            Summary(board, live),
            trials,
            facts.Axes,
            facts.Labels,
            [
                .. board.OtherJobs.Select(j => new JobSummary(j.Id, j.State, j.Attempt, j.Message)
                {
                    Progress = running.GetValueOrDefault(j.Id)?.Progress,
                }),
            ])
        {
            External = facts.External,
        };
    }

    /// <summary>One trial of a sweep.</summary>
    /// <exception cref="ApiException">404.</exception>
    public async Task<(SweepBoard Board, TrialView View, TrialSummary Summary)> TrialAsync(
        SweepRow row, int number, CancellationToken cancellation)
    {
        var (board, live) = await LookAsync(row, cancellation).ConfigureAwait(false);
        for (var i = 0; i < board.Trials.Count; i++)
        {
            var view = board.Trials[i];
            if (view.Trial.Number == number)
            {
                var running = live?.Running.FirstOrDefault(r => r.Job == view.Job.Id);
                return (board, view, TrialSummaries.Of(view, row.ToObjective(), board.Points[i], running));
            }
        }

        throw ApiException.NotFound($"sweep {row.Id} has no trial {number}: its trials are 1 to {row.TrialCount}");
    }

    /// <summary>Whether it has ended.</summary>
    public static bool HasEnded(SweepState state) => state is SweepState.Completed or SweepState.Failed or SweepState.Cancelled;

    /// <summary>The winner, or the leader so far: the best committed objective, ties to the lowest number.</summary>
    public static BestTrial? Best(SweepBoard board)
    {
        if (board.Sweep.Winner is { } winner)
        {
            return board.Trials.FirstOrDefault(t => t.Trial.Number == winner) is { } view ? Scored(board, view, true) : null;
        }

        var sign = board.Sweep.Maximize ? 1 : -1;

        // A failed or cancelled trial's results stay, but it leads only where no other has any.
        var leader = board.Trials
            .Where(t => t.Job.BestValue is not null)
            .OrderBy(t => t.Job.State is JobState.Failed or JobState.Cancelled)
            .ThenByDescending(t => sign * t.Job.BestValue)
            .ThenBy(t => t.Trial.Number)
            .FirstOrDefault();
        return leader is null ? null : Scored(board, leader, false);
    }

    /// <summary>A trial with its scores; only the winner has test scores.</summary>
    public static BestTrial Scored(SweepBoard board, TrialView view, bool chosen)
    {
        var validation = TrialSummaries.Scores(TrialSummaries.Best(view, board.Sweep.ToObjective()));
        var tests = chosen ? board.Tests.Select(row => TrialSummaries.Scores(row)!).ToList() : [];
        return new BestTrial(view.Trial.Number, chosen, validation, tests.Find(test => test.Variant == validation?.Variant))
        {
            Tests = tests,
        };
    }

    private static string WhyNot(string asked, List<string> ids)
    {
        if (ids.Count == 0)
        {
            return $"no sweep '{asked}': this home has none yet";
        }

        var begun = asked.Length == 0 ? [] : ids.FindAll(id => id.StartsWith(asked, StringComparison.Ordinal));
        if (begun.Count > 1)
        {
            return $"'{asked}' is ambiguous: {string.Join(", ", begun.Take(10))}{(begun.Count > 10 ? $" and {begun.Count - 10} more" : string.Empty)}";
        }

        var nearest = NearestName.Of(asked, ids) is { } near ? $". Did you mean '{near}'?" : string.Empty;
        return $"no sweep '{asked}'{nearest} (an id, an unambiguous beginning of one, or 'last': sweeps ls lists them)";
    }

    private SweepSummary Summary(SweepBoard board, LiveSweep? live)
    {
        var row = board.Sweep;
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        return new SweepSummary
        {
            Sweep = row.Id,
            Name = row.Name,
            State = row.State,
            Wanted = row.Wanted,
            Reason = row.Reason,
            Trials = row.TrialCount,
            Counts = board.Trials.GroupBy(t => t.Job.State).ToDictionary(g => g.Key, g => g.Count()),
            CreatedAt = row.CreatedAt,
            FinishedAt = row.FinishedAt,
            ActiveSeconds = row.ActiveSeconds + (row.ActiveSince is { } since ? Math.Max(0, now - since) / 1000.0 : 0),
            SecondsLeft = HasEnded(row.State) ? null : live?.SecondsLeft,
            Metric = row.ObjectiveMetric,
            Maximize = row.Maximize,
            Fingerprint = row.Fingerprint,
            Best = Best(board),
        };
    }

    private async Task<LiveSweep?> LiveAsync(SweepRow row, CancellationToken cancellation)
    {
        if (HasEnded(row.State))
        {
            return null;
        }

        try
        {
            return await grains.Sweep(row.Id).LiveAsync().WaitAsync(LiveWithin, time, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellation.IsCancellationRequested)
        {
            // Live progress is a comfort: a page without it still says what the rows say.
            LogNoLive(logger, row.Id, e.Message);
            return null;
        }
    }

    [LoggerMessage(10, LogLevel.Information, "no live progress of {Sweep}: {Reason}")]
    private static partial void LogNoLive(ILogger logger, string sweep, string reason);
}
