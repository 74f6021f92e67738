using Sweeps.Core.Ids;
using Sweeps.Core.Ledger;

namespace Sweeps.Storage.Sqlite;

/// <summary>Writes the rows of one commit on the writer's connection, or says which version was stale.</summary>
internal sealed class RowWriter(Statements database)
{
    /// <summary>Checks the guards and writes the rows; the caller rolls back when there is a conflict.</summary>
    /// <returns>The conflict; null when everything is written.</returns>
    public string? Write(LedgerCommit commit, long change)
    {
        foreach (var guard in commit.Guards ?? [])
        {
            var (what, key, stored) = Stored(guard);
            if (stored != guard.Version)
            {
                return LedgerRules.Stale(what, key, guard.Version, stored);
            }
        }

        foreach (var row in commit.Rows)
        {
            if (Write(row, change) is { } conflict)
            {
                return conflict;
            }
        }

        return null;
    }

    private string? Write(LedgerRow row, long change)
    {
        switch (row)
        {
            case SweepRow sweep:
                return WriteVersioned(Tables.Sweeps, sweep, change) ? null : StaleSweep(sweep);
            case JobRow job:
                return WriteVersioned(Tables.Jobs, job, change)
                    ? null
                    : Stale("job", job.Id.ToString(), job, JobVersion(job.Id));
            case WorkerRow worker:
                return WriteVersioned(Tables.Workers, worker, change)
                    ? null
                    : Stale("worker", worker.Name, worker, WorkerVersion(worker.Name));
            case DecisionRow decision:
                return WriteDecision(decision, change);
            case EvaluationRow evaluation:
                WriteEvaluation(evaluation, change);
                return null;
            case InputRow input:
                Run(Tables.Inputs, Tables.Inputs.Upsert, input, change);
                return null;
            case TrialRow trial:
                Run(Tables.Trials, Tables.Trials.Upsert, trial, change);
                return null;
            case AttemptRow attempt:
                Run(Tables.Attempts, Tables.Attempts.Upsert, attempt, change);
                return null;
            case CheckpointRow checkpoint:
                Run(Tables.Checkpoints, Tables.Checkpoints.Upsert, checkpoint, change);
                return null;
            case MetricPointRow point:
                Run(Tables.MetricPoints, Tables.MetricPoints.Upsert, point, change);
                return null;
            case EventRow happened:
                Run(Tables.Events, Tables.Events.Insert, happened, change);
                return null;
            default:
                throw new ArgumentException($"the ledger has no table for {row.GetType().Name}");
        }
    }

    private bool WriteVersioned<T>(Table<T> table, T row, long change)
        where T : VersionedRow =>
        Run(table, row.Version == 0 ? table.InsertIfAbsent : table.Update, row, change) == 1;

    private string? WriteDecision(DecisionRow row, long change)
    {
        if (Run(Tables.Decisions, Tables.Decisions.InsertIfAbsent, row, change) == 1)
        {
            return null;
        }

        var stored = database.First(
            Tables.Decisions.SelectByKey,
            Tables.Decisions.Read,
            ("sweep", row.Sweep),
            ("trial", row.Trial),
            ("step", row.Step))!;
        return stored.Decision == row.Decision ? null : LedgerRules.Decided(row, stored.Decision);
    }

    private void WriteEvaluation(EvaluationRow row, long change)
    {
        var stored = database.First(
            Tables.Evaluations.SelectByKey,
            Tables.Evaluations.Read,
            [.. Statements.Key(row.Job), ("step", row.Step), ("split", row.Split), ("variant", row.Variant)]);
        var supersedes = stored is null || row.Attempt >= stored.Attempt;
        if (stored is not null && !LedgerRules.SameValues(stored, row))
        {
            var (superseded, number) = supersedes ? (stored, stored.Change) : (row, change);
            Run(Tables.EvaluationHistory, Tables.EvaluationHistory.Insert, superseded, number);
        }

        if (supersedes)
        {
            Run(Tables.Evaluations, Tables.Evaluations.Upsert, row, change);
        }
    }

    private int Run<T>(Table<T> table, string sql, T row, long change)
        where T : LedgerRow
    {
        var command = database.Get(sql);
        table.Bind(command, row, change);
        return command.ExecuteNonQuery();
    }

    private string StaleSweep(SweepRow row)
    {
        var stored = SweepVersion(row.Id);
        return stored == row.Version ? LedgerRules.ClientTaken(row) : Stale("sweep", row.Id, row, stored);
    }

    private static string Stale(string what, string key, VersionedRow row, long stored) =>
        LedgerRules.Stale(what, key, row.Version, stored);

    private (string What, string Key, long Stored) Stored(VersionGuard guard) => guard switch
    {
        { Sweep: { } sweep } => ("sweep", sweep, SweepVersion(sweep)),
        { Job: { } job } => ("job", job.ToString(), JobVersion(job)),
        _ => ("worker", guard.Worker!, WorkerVersion(guard.Worker!)),
    };

    private long SweepVersion(string sweep) => database.Number(Tables.Sweeps.SelectVersion, ("id", sweep));

    private long WorkerVersion(string worker) => database.Number(Tables.Workers.SelectVersion, ("name", worker));

    private long JobVersion(JobId job) => database.Number(
        Tables.Jobs.SelectVersion, ("sweep", job.Sweep), ("kind", Words<JobKind>.Of(job.Kind)), ("number", job.Number));
}
