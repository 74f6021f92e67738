using Sweeps.Core.Ids;
using Sweeps.Core.Ledger;
using Sweeps.Core.Spec;
using Sweeps.Core.States;

namespace Sweeps.Storage.Sqlite;

/// <content>Reading.</content>
public sealed partial class SqliteLedger
{
    private const string OfJob = "WHERE sweep = $sweep AND job_kind = $job_kind AND job_number = $job_number";

    private static readonly string Ended = string.Join(
        ", ", Enum.GetValues<SweepState>().Where(LedgerRules.HasEnded).Select(s => $"'{Words<SweepState>.Of(s)}'"));

    private static readonly string Events =
        $"SELECT number, {string.Join(", ", Tables.Events.Names)} FROM events WHERE number > $number";

    private static readonly string Board =
        $"SELECT {Tables.Trials.Columns("t")}, {Tables.Jobs.Columns("j")}, "
        + $"{Tables.Evaluations.Columns("b")} "
        + "FROM trials t JOIN jobs j ON j.sweep = t.sweep AND j.kind = 'train' AND j.number = t.number "
        + "LEFT JOIN evaluations b ON b.sweep = j.sweep AND b.job_kind = 'train' AND b.job_number = j.number "
        + $"AND b.split = '{LedgerRules.ValidationSplit}' AND b.step = j.best_step "
        + $"WHERE t.sweep = $sweep ORDER BY t.number, b.variant <> '{VariantSettings.Plain}', b.variant";

    /// <inheritdoc/>
    public Task<SweepRow?> FindSweepAsync(string sweep, CancellationToken cancellation = default) =>
        _readers.ReadAsync(d => d.First(Tables.Sweeps.SelectByKey, Tables.Sweeps.Read, ("id", sweep)), cancellation);

    /// <inheritdoc/>
    public Task<SweepRow?> FindLaunchAsync(string clientId, CancellationToken cancellation = default) =>
        _readers.ReadAsync(
            d => d.First($"{Tables.Sweeps.SelectAll} WHERE client_id = $client", Tables.Sweeps.Read, ("client", clientId)),
            cancellation);

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> UnfinishedSweepsAsync(CancellationToken cancellation = default) =>
        List($"SELECT id FROM sweeps WHERE state NOT IN ({Ended}) ORDER BY created_at, id", r => r.Text(), cancellation);

    /// <inheritdoc/>
    public Task<JobRecord?> FindJobAsync(JobId job, CancellationToken cancellation = default) =>
        _readers.ReadAsync(d => InSnapshot(d, () => FindJob(d, job)), cancellation);

    /// <inheritdoc/>
    public Task<IReadOnlyList<JobRow>> JobsAsync(
        string sweep, long aboveChange = 0, CancellationToken cancellation = default) =>
        List(
            $"{Tables.Jobs.SelectAll} WHERE sweep = $sweep AND change > $change "
            + $"ORDER BY change, {KindOrder("kind")}, number",
            Tables.Jobs.Read,
            cancellation,
            ("sweep", sweep),
            ("change", aboveChange));

    /// <inheritdoc/>
    public Task<IReadOnlyList<InputRow>> InputsAsync(string sweep, CancellationToken cancellation = default) =>
        List(
            $"{Tables.Inputs.SelectAll} WHERE sweep = $sweep ORDER BY role",
            Tables.Inputs.Read,
            cancellation,
            ("sweep", sweep));

    /// <inheritdoc/>
    public Task<DecisionRow?> FindDecisionAsync(
        string sweep, int trial, int step, CancellationToken cancellation = default) =>
        _readers.ReadAsync(
            d => d.First(
                Tables.Decisions.SelectByKey, Tables.Decisions.Read, ("sweep", sweep), ("trial", trial), ("step", step)),
            cancellation);

    /// <inheritdoc/>
    public Task<WorkerRow?> FindWorkerAsync(string worker, CancellationToken cancellation = default) =>
        _readers.ReadAsync(d => d.First(Tables.Workers.SelectByKey, Tables.Workers.Read, ("name", worker)), cancellation);

    /// <inheritdoc/>
    public Task<IReadOnlyList<CheckpointRow>> CheckpointsAsync(string sweep, CancellationToken cancellation = default) =>
        List(
            $"{Tables.Checkpoints.SelectAll} WHERE sweep = $sweep "
            + $"ORDER BY {KindOrder("job_kind")}, job_number, attempt, step",
            Tables.Checkpoints.Read,
            cancellation,
            ("sweep", sweep));

    /// <inheritdoc/>
    public Task<IReadOnlySet<string>> PinnedObjectsAsync(CancellationToken cancellation = default) =>
        _readers.ReadAsync<IReadOnlySet<string>>(
            d => d.Query(
                    "SELECT DISTINCT i.sha256 FROM inputs i JOIN sweeps s ON s.id = i.sweep WHERE NOT s.removed",
                    r => r.Text())
                .ToHashSet(StringComparer.Ordinal),
            cancellation);

    /// <inheritdoc/>
    public Task<IReadOnlyList<SweepRow>> SweepsAsync(CancellationToken cancellation = default) =>
        List(
            $"{Tables.Sweeps.SelectAll} WHERE NOT removed ORDER BY created_at DESC, id DESC", Tables.Sweeps.Read, cancellation);

    /// <inheritdoc/>
    public Task<SweepRow?> ResolveSweepAsync(string idOrPrefix, CancellationToken cancellation = default) =>
        _readers.ReadAsync(d => InSnapshot(d, () => Resolve(d, idOrPrefix)), cancellation);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<TrialView>> TrialsAsync(string sweep, CancellationToken cancellation = default)
    {
        // A trial comes once for each decision that was scored at its best step.
        var lines = await List(
            Board,
            r => (Trial: Tables.Trials.Read(r), Job: Tables.Jobs.Read(r), Evaluation: EvaluationOrNull(r)),
            cancellation,
            ("sweep", sweep)).ConfigureAwait(false);
        var views = new List<TrialView>(lines.Count);
        for (var i = 0; i < lines.Count;)
        {
            var (trial, job, first) = lines[i++];
            List<EvaluationRow> decisions = first is null ? [] : [first];
            for (; i < lines.Count && lines[i].Trial.Number == trial.Number; i++)
            {
                decisions.Add(lines[i].Evaluation!);
            }

            views.Add(new TrialView(trial, job, decisions));
        }

        return views;
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<EvaluationRow>> EvaluationsAsync(JobId job, CancellationToken cancellation = default) =>
        List(
            $"{Tables.Evaluations.SelectAll} {OfJob} ORDER BY step, split, variant",
            Tables.Evaluations.Read,
            cancellation,
            Statements.Key(job));

    /// <summary>Evaluations of a job that were superseded by differing ones, oldest first.</summary>
    public Task<IReadOnlyList<EvaluationRow>> EvaluationHistoryAsync(
        JobId job, CancellationToken cancellation = default) =>
        List(
            $"{Tables.EvaluationHistory.SelectAll} {OfJob} ORDER BY id",
            Tables.EvaluationHistory.Read,
            cancellation,
            Statements.Key(job));

    /// <inheritdoc/>
    public Task<IReadOnlyList<AttemptRow>> AttemptsAsync(JobId job, CancellationToken cancellation = default) =>
        List(
            $"{Tables.Attempts.SelectAll} {OfJob} ORDER BY number", Tables.Attempts.Read, cancellation, Statements.Key(job));

    /// <inheritdoc/>
    public Task<IReadOnlyList<MetricPointRow>> PointsAsync(JobId job, CancellationToken cancellation = default) =>
        List(
            $"{Tables.MetricPoints.SelectAll} {OfJob} ORDER BY step",
            Tables.MetricPoints.Read,
            cancellation,
            Statements.Key(job));

    /// <inheritdoc/>
    public Task<IReadOnlyList<EventRow>> EventsAsync(
        string? sweep, long aboveNumber, int limit, CancellationToken cancellation = default) =>
        sweep is null
            ? List(
                $"{Events} ORDER BY number LIMIT $limit",
                ReadEvent,
                cancellation,
                ("number", aboveNumber),
                ("limit", limit))
            : List(
                $"{Events} AND sweep = $sweep ORDER BY number LIMIT $limit",
                ReadEvent,
                cancellation,
                ("number", aboveNumber),
                ("sweep", sweep),
                ("limit", limit));

    /// <inheritdoc/>
    public Task<IReadOnlyList<WorkerRow>> WorkersAsync(CancellationToken cancellation = default) =>
        List($"{Tables.Workers.SelectAll} ORDER BY name", Tables.Workers.Read, cancellation);

    /// <inheritdoc/>
    public Task<IReadOnlyDictionary<string, long>> FailuresByClassAsync(CancellationToken cancellation = default) =>
        Counts(
            "SELECT failure_class, count(*) FROM attempts "
            + "WHERE failure_class IS NOT NULL GROUP BY failure_class",
            cancellation);

    /// <inheritdoc/>
    public Task<IReadOnlyDictionary<string, long>> TrialsByStateAsync(CancellationToken cancellation = default) =>
        Counts(
            "SELECT j.state, count(*) FROM sweeps s JOIN jobs j ON j.sweep = s.id AND j.kind = 'train' "
            + "WHERE NOT s.removed GROUP BY j.state",
            cancellation);

    private static JobRecord? FindJob(Statements d, JobId job)
    {
        var row = d.First(
            Tables.Jobs.SelectByKey,
            Tables.Jobs.Read,
            ("sweep", job.Sweep),
            ("kind", Words<JobKind>.Of(job.Kind)),
            ("number", job.Number));
        if (row is null)
        {
            return null;
        }

        var trial = row.Trial is { } number
            ? d.First(Tables.Trials.SelectByKey, Tables.Trials.Read, ("sweep", job.Sweep), ("number", number))
            : null;
        var checkpoints = d.Query(
            $"{Tables.Checkpoints.SelectAll} {OfJob} AND status <> 'dropped' ORDER BY attempt DESC, step DESC",
            Tables.Checkpoints.Read,
            Statements.Key(row.Trial is { } of ? JobId.Train(job.Sweep, of) : job));
        var attempt = d.First(
            Tables.Attempts.SelectByKey, Tables.Attempts.Read, [.. Statements.Key(job), ("number", row.Attempt)]);
        return new JobRecord(row, trial, LedgerRules.SettingsOf(row, trial), checkpoints, attempt);
    }

    private static SweepRow? Resolve(Statements d, string idOrPrefix)
    {
        var exact = d.First(
            $"{Tables.Sweeps.SelectAll} WHERE id = $id AND NOT removed", Tables.Sweeps.Read, ("id", idOrPrefix));
        if (exact is not null || idOrPrefix.Length == 0)
        {
            return exact;
        }

        if (idOrPrefix == "last")
        {
            return d.First(
                $"{Tables.Sweeps.SelectAll} WHERE NOT removed ORDER BY created_at DESC, id DESC LIMIT 1", Tables.Sweeps.Read);
        }

        var found = d.Query(
            $"{Tables.Sweeps.SelectAll} WHERE substr(id, 1, length($id)) = $id AND NOT removed LIMIT 2",
            Tables.Sweeps.Read,
            ("id", idOrPrefix));
        return found.Count == 1 ? found[0] : null;
    }

    private static T InSnapshot<T>(Statements d, Func<T> read)
    {
        // Several queries see one state; a failure closes the connection and so the transaction.
        d.Execute("BEGIN");
        var result = read();
        d.Execute("COMMIT");
        return result;
    }

    private static EventRow ReadEvent(RowReader r)
    {
        var number = r.Long();
        return Tables.Events.Read(r) with { Number = number };
    }

    private static EvaluationRow? EvaluationOrNull(RowReader r)
    {
        if (!r.AtNull)
        {
            return Tables.Evaluations.Read(r);
        }

        r.Skip(Tables.Evaluations.Names.Count);
        return null;
    }

    private static string KindOrder(string column) =>
        $"CASE {column} "
        + string.Join(' ', Enum.GetValues<JobKind>().Select(k => $"WHEN '{Words<JobKind>.Of(k)}' THEN {(int)k}"))
        + " END";

    private Task<IReadOnlyDictionary<string, long>> Counts(string sql, CancellationToken cancellation) =>
        _readers.ReadAsync<IReadOnlyDictionary<string, long>>(
            d => d.Query(sql, r => (r.Text(), r.Long())).ToDictionary(p => p.Item1, p => p.Item2, StringComparer.Ordinal),
            cancellation);

    private Task<IReadOnlyList<T>> List<T>(
        string sql,
        Func<RowReader, T> read,
        CancellationToken cancellation,
        params (string Name, object? Value)[] values) =>
        _readers.ReadAsync<IReadOnlyList<T>>(d => d.Query(sql, read, values), cancellation);
}
