using Sweeps.Core.Api;
using Sweeps.Core.Homes;
using Sweeps.Core.Ids;
using Sweeps.Core.Json;
using Sweeps.Core.Ledger;
using Sweeps.Core.Spec;
using Sweeps.Web.Errors;
using Sweeps.Web.Silo;

namespace Sweeps.Web.Views;

/// <summary>What people read.</summary>
internal static class SweepEndpoints
{
    private const int MaxEvents = 1000;
    private const int TrialEvents = 200;

    private static readonly TimeSpan ReadWithin = TimeSpan.FromMinutes(10);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/sweeps", async (SweepReader reader, CancellationToken cancellation) =>
            Reply.Json(await reader.ListAsync(cancellation).ConfigureAwait(false)));
        api.MapGet("/sweeps/{sweep}", DetailAsync);
        api.MapGet("/sweeps/{sweep}/trials/{number:int}", TrialAsync);
        api.MapGet("/sweeps/{sweep}/events", EventsAsync).WithMetadata(new QueryNames("above", "limit"));
        api.MapGet("/sweeps/{sweep}/best", BestAsync).WithMetadata(new QueryNames("trial"));
    }

    private static async Task<IResult> DetailAsync(string sweep, SweepReader reader, CancellationToken cancellation)
    {
        var row = await reader.ResolveAsync(sweep, cancellation).ConfigureAwait(false);
        var (board, live) = await reader.LookAsync(row, cancellation).ConfigureAwait(false);
        return Reply.Json(reader.Detail(board, live));
    }

    private static async Task<IResult> TrialAsync(
        string sweep, int number, SweepReader reader, ISweepQueries queries, CancellationToken cancellation)
    {
        var row = await reader.ResolveAsync(sweep, cancellation).ConfigureAwait(false);
        var (_, view, summary) = await reader.TrialAsync(row, number, cancellation).ConfigureAwait(false);
        var job = view.Job.Id;
        return Reply.Json(new TrialDetail(
            summary,
            view.Trial.SettingsJson,
            await queries.EvaluationsAsync(job, cancellation).ConfigureAwait(false),
            await queries.AttemptsAsync(job, cancellation).ConfigureAwait(false),
            await queries.PointsAsync(job, cancellation).ConfigureAwait(false),
            await EventsOfAsync(queries, job, cancellation).ConfigureAwait(false)));
    }

    private static async Task<IResult> EventsAsync(
        string sweep, SweepReader reader, ISweepQueries queries, CancellationToken cancellation, long above = 0, int limit = 200)
    {
        if (above < 0 || limit is < 1 or > MaxEvents)
        {
            throw ApiException.BadRequest($"above={above}, limit={limit}: above is at least 0, limit 1 to {MaxEvents}");
        }

        var row = await reader.ResolveAsync(sweep, cancellation).ConfigureAwait(false);
        return Reply.Json(await queries.EventsAsync(row.Id, above, limit, cancellation).ConfigureAwait(false));
    }

    private static async Task<IResult> BestAsync(
        string sweep,
        SweepReader reader,
        ISweepQueries queries,
        ILedger ledger,
        SweepsHome home,
        IReadPins pins,
        ISiloControl silo,
        CancellationToken cancellation,
        int? trial = null)
    {
        var row = await reader.ResolveAsync(sweep, cancellation).ConfigureAwait(false);
        var (board, _) = await reader.LookAsync(row, cancellation).ConfigureAwait(false);
        var best = SweepReader.Best(board);
        if (trial is null && best is null)
        {
            throw ApiException.NotFound(
                $"sweep {row.Id} has no evaluated trial yet{(row.Reason is null ? string.Empty : $": {row.Reason}")}");
        }

        var (_, view, summary) = await reader.TrialAsync(row, trial ?? best!.Trial, cancellation).ConfigureAwait(false);
        if (best is null || best.Trial != view.Trial.Number)
        {
            best = SweepReader.Scored(board, view, chosen: false);
        }

        var checkpoint = await BestCheckpointAsync(ledger, view.Job.Id, cancellation).ConfigureAwait(false);
        var inputs = await ledger.InputsAsync(row.Id, cancellation).ConfigureAwait(false);

        // A leader's checkpoint may be dropped by the next better one: who asked gets the time to read it.
        pins.Pin(checkpoint.Directory, ReadWithin);
        return Reply.Json(new BestReply(
            summary,
            view.Trial.SettingsJson,
            PinnedBase(inputs, view),
            Path.Combine(home.Sweeps, checkpoint.Directory),
            checkpoint.Sha256,
            best)
        {
            Origin = ModelOrigins.Of(
                silo.Version,
                row,
                view,
                summary,
                best,
                checkpoint.Sha256,
                await queries.AttemptsAsync(view.Job.Id, cancellation).ConfigureAwait(false),
                inputs),
        });
    }

    private static async Task<CheckpointRow> BestCheckpointAsync(ILedger ledger, JobId job, CancellationToken cancellation)
    {
        var record = await ledger.FindJobAsync(job, cancellation).ConfigureAwait(false);
        var kept = (record?.Checkpoints ?? []).Where(c => c.Status == CheckpointStatus.Kept).ToList();
        return kept.FirstOrDefault(c => c.IsBest) ?? kept.FirstOrDefault(c => c.IsFinal)
            ?? throw ApiException.NotFound($"trial {job.Number} of sweep {job.Sweep} has no checkpoint on disk");
    }

    /// <summary>The folder that the base was pinned in; of a built-in one, its copy in the home.</summary>
    private static string PinnedBase(IReadOnlyList<InputRow> inputs, TrialView view)
    {
        var config = inputs.FirstOrDefault(i => i.Role == "base/config.json");
        return Path.GetDirectoryName(config?.Name) ?? SweepsJson.Read<TrialSettings>(view.Trial.SettingsJson).Base;
    }

    /// <summary>The last events of one job.</summary>
    private static async Task<IReadOnlyList<EventRow>> EventsOfAsync(
        ISweepQueries queries, JobId job, CancellationToken cancellation)
    {
        var found = new Queue<EventRow>();
        var above = 0L;
        while (true)
        {
            var page = await queries.EventsAsync(job.Sweep, above, MaxEvents, cancellation).ConfigureAwait(false);
            foreach (var row in page.Where(e => e.Job == job))
            {
                found.Enqueue(row);
                if (found.Count > TrialEvents)
                {
                    found.Dequeue();
                }
            }

            if (page.Count < MaxEvents)
            {
                return [.. found];
            }

            above = page[^1].Number;
        }
    }
}
