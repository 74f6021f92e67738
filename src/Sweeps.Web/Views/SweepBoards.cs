using System.Collections.Concurrent;
using System.Text.Json;
using Sweeps.Core.Ids;
using Sweeps.Core.Ledger;
using Sweeps.Core.Spec;

namespace Sweeps.Web.Views;

/// <summary>
/// Boards of the sweeps that somebody looks at, read again only when a row changed: the answer to "did anything change"
/// is one indexed query, so a watcher of a large, quiet sweep costs nothing.
/// </summary>
internal sealed class SweepBoards(ILedger ledger, ISweepQueries queries)
{
    /// <summary>Boards kept; a list of more sweeps reads the others each time.</summary>
    private const int MaxBoards = 64;

    private readonly ConcurrentDictionary<string, SweepBoard> _boards = new(StringComparer.Ordinal);

    /// <summary>The board of a sweep as of now; the same instance when nothing changed.</summary>
    public async Task<SweepBoard> GetAsync(SweepRow sweep, CancellationToken cancellation)
    {
        _boards.TryGetValue(sweep.Id, out var known);
        var changed = await ledger.JobsAsync(sweep.Id, known?.Change ?? 0, cancellation).ConfigureAwait(false);
        if (known is not null && changed.Count == 0 && known.Sweep.Version == sweep.Version)
        {
            return known;
        }

        var board = await ReadAsync(sweep, known, changed, cancellation).ConfigureAwait(false);
        if (_boards.Count >= MaxBoards && !_boards.ContainsKey(sweep.Id))
        {
            _boards.Clear();
        }

        return _boards[sweep.Id] = board;
    }

    private async Task<SweepBoard> ReadAsync(
        SweepRow sweep, SweepBoard? known, IReadOnlyList<JobRow> changed, CancellationToken cancellation)
    {
        var change = changed.Count == 0 ? known?.Change ?? 0 : changed.Max(j => j.Change);
        var trials = await queries.TrialsAsync(sweep.Id, cancellation).ConfigureAwait(false);

        // A trial's point never changes, and trials are written once, at launch.
        var points = known is not null && known.Points.Count == trials.Count
            ? known.Points
            : [.. trials.Select(t => ReadPoint(t.Trial.PointJson))];
        var others = (known?.OtherJobs ?? [])
            .Where(o => changed.All(c => c.Id != o.Id))
            .Concat(changed.Where(c => c.Id.Kind != JobKind.Train))
            .OrderBy(j => j.Id)
            .ToList();
        return new SweepBoard(
            sweep, change, trials, points, others, await ReadTestsAsync(others, cancellation).ConfigureAwait(false));
    }

    private async Task<IReadOnlyList<EvaluationRow>> ReadTestsAsync(IReadOnlyList<JobRow> jobs, CancellationToken cancellation)
    {
        foreach (var job in jobs.Where(j => j.Id.Kind == JobKind.Evaluate))
        {
            var evaluations = await queries.EvaluationsAsync(job.Id, cancellation).ConfigureAwait(false);
            if (evaluations.Any(e => e.Split == "test"))
            {
                return [.. evaluations.Where(e => e.Split == "test").OrderBy(e => e.Variant != VariantSettings.Plain)];
            }
        }

        return [];
    }

    private static Dictionary<string, string> ReadPoint(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.EnumerateObject().ToDictionary(
            p => p.Name,
            p => p.Value.ValueKind == JsonValueKind.String ? p.Value.GetString()! : p.Value.GetRawText(),
            StringComparer.Ordinal);
    }
}
