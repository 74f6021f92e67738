using Sweeps.Core.Ids;
using Sweeps.Core.Ledger;
using Sweeps.Core.Spec;

namespace Sweeps.Storage.Memory;

/// <content>Reading.</content>
public sealed partial class InMemoryLedger
{
    /// <inheritdoc/>
    public Task<SweepRow?> FindSweepAsync(string sweep, CancellationToken cancellation = default) =>
        Read(() => _sweeps.GetValueOrDefault(sweep), cancellation);

    /// <inheritdoc/>
    public Task<SweepRow?> FindLaunchAsync(string clientId, CancellationToken cancellation = default) =>
        Read(() => _launches.TryGetValue(clientId, out var id) ? _sweeps[id] : null, cancellation);

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> UnfinishedSweepsAsync(CancellationToken cancellation = default) =>
        ReadList(
            () => _sweeps.Values.Where(s => !LedgerRules.HasEnded(s.State))
                .OrderBy(s => s.CreatedAt).ThenBy(s => s.Id, StringComparer.Ordinal).Select(s => s.Id),
            cancellation);

    /// <inheritdoc/>
    public Task<JobRecord?> FindJobAsync(JobId job, CancellationToken cancellation = default) =>
        Read(
            () =>
            {
                if (FindJob(job) is not { } row)
                {
                    return null;
                }

                var trial = row.Trial is { } number ? _trials.GetValueOrDefault((job.Sweep, number)) : null;
                var source = row.Trial is { } of ? JobId.Train(job.Sweep, of) : job;
                return new JobRecord(
                    row,
                    trial,
                    LedgerRules.SettingsOf(row, trial),
                    [.. NewestFirst(source)],
                    _attempts.GetValueOrDefault(job)?.GetValueOrDefault(row.Attempt));
            },
            cancellation);

    /// <inheritdoc/>
    public Task<IReadOnlyList<JobRow>> JobsAsync(
        string sweep, long aboveChange = 0, CancellationToken cancellation = default) =>
        ReadList(
            () => (_jobs.GetValueOrDefault(sweep)?.Values ?? Enumerable.Empty<JobRow>())
                .Where(j => j.Change > aboveChange).OrderBy(j => j.Change).ThenBy(j => j.Id),
            cancellation);

    /// <inheritdoc/>
    public Task<IReadOnlyList<InputRow>> InputsAsync(string sweep, CancellationToken cancellation = default) =>
        ReadList(
            () => _inputs.Values.Where(i => i.Sweep == sweep).OrderBy(i => i.Role, StringComparer.Ordinal), cancellation);

    /// <inheritdoc/>
    public Task<DecisionRow?> FindDecisionAsync(
        string sweep, int trial, int step, CancellationToken cancellation = default) =>
        Read(() => _decisions.GetValueOrDefault((sweep, trial, step)), cancellation);

    /// <inheritdoc/>
    public Task<WorkerRow?> FindWorkerAsync(string worker, CancellationToken cancellation = default) =>
        Read(() => _workers.GetValueOrDefault(worker), cancellation);

    /// <inheritdoc/>
    public Task<IReadOnlyList<CheckpointRow>> CheckpointsAsync(string sweep, CancellationToken cancellation = default) =>
        ReadList(
            () => _checkpoints.Where(p => p.Key.Sweep == sweep).SelectMany(p => p.Value.Values)
                .OrderBy(c => c.Job).ThenBy(c => c.Attempt).ThenBy(c => c.Step),
            cancellation);

    /// <inheritdoc/>
    public Task<IReadOnlySet<string>> PinnedObjectsAsync(CancellationToken cancellation = default) =>
        Read<IReadOnlySet<string>>(
            () => _inputs.Values.Where(i => _sweeps.GetValueOrDefault(i.Sweep) is { Removed: false })
                .Select(i => i.Sha256).ToHashSet(StringComparer.Ordinal),
            cancellation);

    /// <inheritdoc/>
    public Task<IReadOnlyList<SweepRow>> SweepsAsync(CancellationToken cancellation = default) =>
        ReadList(NewestSweeps, cancellation);

    /// <inheritdoc/>
    public Task<SweepRow?> ResolveSweepAsync(string idOrPrefix, CancellationToken cancellation = default) =>
        Read(
            () =>
            {
                var sweeps = NewestSweeps().ToList();
                if (sweeps.Find(s => s.Id == idOrPrefix) is { } exact)
                {
                    return exact;
                }

                if (idOrPrefix == "last")
                {
                    return sweeps.FirstOrDefault();
                }

                var found = sweeps.FindAll(s => s.Id.StartsWith(idOrPrefix, StringComparison.Ordinal));
                return idOrPrefix.Length > 0 && found.Count == 1 ? found[0] : null;
            },
            cancellation);

    /// <inheritdoc/>
    public Task<IReadOnlyList<TrialView>> TrialsAsync(string sweep, CancellationToken cancellation = default) =>
        ReadList(
            () => from trial in _trials.Values
                  where trial.Sweep == sweep
                  let job = FindJob(JobId.Train(sweep, trial.Number))
                  where job is not null
                  orderby trial.Number
                  select new TrialView(trial, job, [.. DecisionsAtBest(job)]),
            cancellation);

    /// <inheritdoc/>
    public Task<IReadOnlyList<EvaluationRow>> EvaluationsAsync(JobId job, CancellationToken cancellation = default) =>
        ReadList(() => Evaluations(job), cancellation);

    /// <summary>Evaluations of a job that were superseded by differing ones, oldest first.</summary>
    public Task<IReadOnlyList<EvaluationRow>> EvaluationHistoryAsync(
        JobId job, CancellationToken cancellation = default) =>
        ReadList(() => _evaluationHistory.GetValueOrDefault(job) ?? [], cancellation);

    /// <inheritdoc/>
    public Task<IReadOnlyList<AttemptRow>> AttemptsAsync(JobId job, CancellationToken cancellation = default) =>
        ReadList(() => _attempts.GetValueOrDefault(job)?.Values.AsEnumerable() ?? [], cancellation);

    /// <inheritdoc/>
    public Task<IReadOnlyList<MetricPointRow>> PointsAsync(JobId job, CancellationToken cancellation = default) =>
        ReadList(() => _points.GetValueOrDefault(job)?.Values.AsEnumerable() ?? [], cancellation);

    /// <inheritdoc/>
    public Task<IReadOnlyList<EventRow>> EventsAsync(
        string? sweep, long aboveNumber, int limit, CancellationToken cancellation = default) =>
        ReadList(
            () => _events.Where(e => e.Number > aboveNumber && (sweep is null || e.Sweep == sweep)).Take(limit),
            cancellation);

    /// <inheritdoc/>
    public Task<IReadOnlyList<WorkerRow>> WorkersAsync(CancellationToken cancellation = default) =>
        ReadList(() => _workers.Values.OrderBy(w => w.Name, StringComparer.Ordinal), cancellation);

    /// <inheritdoc/>
    public Task<IReadOnlyDictionary<string, long>> FailuresByClassAsync(CancellationToken cancellation = default) =>
        Read<IReadOnlyDictionary<string, long>>(
            () => _attempts.Values.SelectMany(a => a.Values)
                .Where(a => a.FailureClass is not null)
                .GroupBy(a => a.FailureClass!.Value)
                .ToDictionary(g => Words<Core.States.FailureClass>.Of(g.Key), g => g.LongCount()),
            cancellation);

    /// <inheritdoc/>
    public Task<IReadOnlyDictionary<string, long>> TrialsByStateAsync(CancellationToken cancellation = default) =>
        Read<IReadOnlyDictionary<string, long>>(
            () => _jobs.Where(p => _sweeps.GetValueOrDefault(p.Key) is { Removed: false })
                .SelectMany(p => p.Value.Values)
                .Where(j => j.Id.Kind == JobKind.Train)
                .GroupBy(j => j.State)
                .ToDictionary(g => Words<Core.States.JobState>.Of(g.Key), g => g.LongCount()),
            cancellation);

    private IEnumerable<CheckpointRow> NewestFirst(JobId job) =>
        (_checkpoints.GetValueOrDefault(job)?.Values ?? Enumerable.Empty<CheckpointRow>())
        .Where(c => c.Status != CheckpointStatus.Dropped)
        .OrderByDescending(c => c.Attempt).ThenByDescending(c => c.Step);

    private IEnumerable<SweepRow> NewestSweeps() =>
        _sweeps.Values.Where(s => !s.Removed)
            .OrderByDescending(s => s.CreatedAt).ThenByDescending(s => s.Id, StringComparer.Ordinal);

    private IEnumerable<EvaluationRow> Evaluations(JobId job) =>
        (_evaluations.GetValueOrDefault(job)?.Values ?? Enumerable.Empty<EvaluationRow>())
        .OrderBy(e => e.Step).ThenBy(e => e.Split, StringComparer.Ordinal).ThenBy(e => e.Variant, StringComparer.Ordinal);

    private IEnumerable<EvaluationRow> DecisionsAtBest(JobRow job) =>
        Evaluations(job.Id)
            .Where(e => e.Split == LedgerRules.ValidationSplit && e.Step == job.BestStep)
            .OrderBy(e => e.Variant != VariantSettings.Plain).ThenBy(e => e.Variant, StringComparer.Ordinal);

    private Task<T> Read<T>(Func<T> read, CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested)
        {
            return Task.FromCanceled<T>(cancellation);
        }

        try
        {
            lock (_gate)
            {
                return Task.FromResult(read());
            }
        }
        catch (Exception e)
        {
            return Task.FromException<T>(e);
        }
    }

    private Task<IReadOnlyList<T>> ReadList<T>(Func<IEnumerable<T>> read, CancellationToken cancellation) =>
        Read<IReadOnlyList<T>>(() => [.. read()], cancellation);
}
