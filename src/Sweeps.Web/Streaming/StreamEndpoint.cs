using System.Globalization;
using Microsoft.Extensions.Hosting;
using Sweeps.Abstractions.Sweep;
using Sweeps.Core.Ledger;
using Sweeps.Web.Errors;
using Sweeps.Web.Views;

namespace Sweeps.Web.Streaming;

/// <summary>
/// <c>GET /sweeps/ID/stream</c>: <c>event</c> for each event row above the last one that the client has, <c>snapshot</c>
/// when something changed, and <c>end</c> once the sweep has ended. A stream without <c>end</c> was cut: come again.
/// </summary>
internal static class StreamEndpoint
{
    /// <summary>Snapshots come at most this often.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(10);

    private const int EventPage = 500;

    /// <summary>A snapshot may take at most this share of the time: one of 10,000 trials is not made twice a second.</summary>
    private const int SnapshotShare = 5;

    public static void Map(RouteGroupBuilder api) => api.MapGet("/sweeps/{sweep}/stream", StreamAsync).WithMetadata(new QueryNames("above"));

    private static async Task StreamAsync(
        string sweep,
        HttpContext context,
        SweepReader reader,
        ISweepQueries queries,
        IHostApplicationLifetime lifetime,
        TimeProvider time,
        long above = 0)
    {
        // A silo that stops cuts its streams, else they would hold up the end of the process.
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(
            context.RequestAborted, lifetime.ApplicationStopping);
        var cancellation = stopping.Token;
        var sent = LastEvent(context, above);
        var row = await reader.ResolveAsync(sweep, cancellation).ConfigureAwait(false);
        var writer = new SseWriter(context.Response);
        try
        {
            await writer.StartAsync(cancellation).ConfigureAwait(false);
            await FollowAsync(row, sent, writer, reader, queries, time, cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The client left, or the silo stops.
        }
    }

    private static async Task FollowAsync(
        SweepRow row,
        long sent,
        SseWriter writer,
        SweepReader reader,
        ISweepQueries queries,
        TimeProvider time,
        CancellationToken cancellation)
    {
        SweepBoard? shown = null;
        LiveSweep? shownLive = null;
        var lastWrite = time.GetTimestamp();
        while (true)
        {
            var round = time.GetTimestamp();

            // The row is read before its events: once it says "ended", all its events are there.
            row = await reader.ResolveAsync(row.Id, cancellation).ConfigureAwait(false);
            var before = sent;
            sent = await SendEventsAsync(row.Id, sent, writer, queries, cancellation).ConfigureAwait(false);
            var (board, live) = await reader.LookAsync(row, cancellation).ConfigureAwait(false);
            var changed = !ReferenceEquals(board, shown) || Differs(live, shownLive);
            if (changed)
            {
                await writer.WriteAsync("snapshot", reader.Detail(board, live), null, cancellation).ConfigureAwait(false);
                (shown, shownLive) = (board, live);
            }

            if (SweepReader.HasEnded(row.State))
            {
                await writer.WriteAsync("end", reader.Detail(board, live).Summary, null, cancellation).ConfigureAwait(false);
                return;
            }

            if (changed || sent != before)
            {
                lastWrite = time.GetTimestamp();
            }
            else if (time.GetElapsedTime(lastWrite) >= KeepAlive)
            {
                await writer.KeepAliveAsync(cancellation).ConfigureAwait(false);
                lastWrite = time.GetTimestamp();
            }

            var took = time.GetElapsedTime(round);
            var pause = took * SnapshotShare > Interval ? took * SnapshotShare : Interval;
            await Task.Delay(pause, time, cancellation).ConfigureAwait(false);
        }
    }

    private static async Task<long> SendEventsAsync(
        string sweep, long sent, SseWriter writer, ISweepQueries queries, CancellationToken cancellation)
    {
        while (true)
        {
            var page = await queries.EventsAsync(sweep, sent, EventPage, cancellation).ConfigureAwait(false);
            foreach (var row in page)
            {
                await writer.WriteAsync("event", row, row.Number, cancellation).ConfigureAwait(false);
                sent = row.Number;
            }

            if (page.Count < EventPage)
            {
                return sent;
            }
        }
    }

    private static bool Differs(LiveSweep? live, LiveSweep? shown) =>
        live is null || shown is null
            ? !ReferenceEquals(live, shown)
            : live.State != shown.State || live.Wanted != shown.Wanted || !live.Running.SequenceEqual(shown.Running);

    private static long LastEvent(HttpContext context, long above)
    {
        var header = context.Request.Headers["Last-Event-ID"].ToString();
        if (header.Length == 0)
        {
            return above;
        }

        return long.TryParse(header, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw ApiException.BadRequest($"Last-Event-ID '{header}' is not an event's number");
    }
}
