using Sweeps.Core.Ids;
using Sweeps.Core.Ledger;

namespace Sweeps.Storage.Memory;

/// <summary>
/// The ledger's rules without a disk, for simulations and tests. Every answer is given at once (completed tasks), so a
/// seeded schedule repeats exactly; <see cref="Fault"/> makes commits fail before or after they are written.
/// </summary>
public sealed partial class InMemoryLedger : ILedger, ISweepQueries
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, SweepRow> _sweeps = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _launches = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Sweep, string Role), InputRow> _inputs = [];
    private readonly Dictionary<(string Sweep, int Number), TrialRow> _trials = [];
    private readonly Dictionary<string, Dictionary<JobId, JobRow>> _jobs = new(StringComparer.Ordinal);
    private readonly Dictionary<JobId, SortedDictionary<int, AttemptRow>> _attempts = [];
    private readonly Dictionary<JobId, Dictionary<(int Attempt, int Step), CheckpointRow>> _checkpoints = [];
    private readonly Dictionary<JobId, Dictionary<(int Step, string Split, string Variant), EvaluationRow>> _evaluations = [];
    private readonly Dictionary<JobId, List<EvaluationRow>> _evaluationHistory = [];
    private readonly Dictionary<(string Sweep, int Trial, int Step), DecisionRow> _decisions = [];
    private readonly Dictionary<JobId, SortedDictionary<int, MetricPointRow>> _points = [];
    private readonly Dictionary<string, WorkerRow> _workers = new(StringComparer.Ordinal);
    private readonly List<EventRow> _events = [];
    private readonly Stack<Action> _undo = [];
    private long _change;

    /// <summary>
    /// Asked for each commit before it is carried out; null: no faults. Called without the lock held, on the caller's
    /// thread.
    /// </summary>
    public Func<LedgerCommit, LedgerFault>? Fault { get; set; }

    /// <summary>Commits accepted so far.</summary>
    public long Change
    {
        get
        {
            lock (_gate)
            {
                return _change;
            }
        }
    }

    /// <inheritdoc/>
    public Task<CommitResult> CommitAsync(LedgerCommit commit, CancellationToken cancellation = default)
    {
        if (cancellation.IsCancellationRequested)
        {
            return Task.FromCanceled<CommitResult>(cancellation);
        }

        try
        {
            LedgerRules.Check(commit);
            return Task.FromResult(Commit(commit, Fault?.Invoke(commit) ?? LedgerFault.None));
        }
        catch (Exception e)
        {
            return Task.FromException<CommitResult>(e);
        }
    }

    private CommitResult Commit(LedgerCommit commit, LedgerFault fault)
    {
        if (fault == LedgerFault.FailBefore)
        {
            throw new IOException($"injected: '{commit.Name}' failed before it was written");
        }

        if (fault == LedgerFault.Full)
        {
            throw new LedgerFullException();
        }

        CommitResult result;
        lock (_gate)
        {
            var conflict = Apply(commit, _change + 1);
            if (conflict is null)
            {
                _change++;
                _undo.Clear();
                result = new CommitResult(true, _change);
            }
            else
            {
                UndoAll();
                result = new CommitResult(false, 0, conflict);
            }
        }

        return fault == LedgerFault.LoseAnswer
            ? throw new IOException($"injected: the answer to '{commit.Name}' was lost")
            : result;
    }

    private string? Apply(LedgerCommit commit, long change)
    {
        try
        {
            foreach (var guard in commit.Guards ?? [])
            {
                if (Check(guard) is { } conflict)
                {
                    return conflict;
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
        catch
        {
            UndoAll();
            throw;
        }
    }

    private string? Check(VersionGuard guard)
    {
        var (what, key, stored) = guard switch
        {
            { Sweep: { } sweep } => ("sweep", sweep, _sweeps.GetValueOrDefault(sweep)?.Version ?? 0),
            { Job: { } job } => ("job", job.ToString(), FindJob(job)?.Version ?? 0),
            _ => ("worker", guard.Worker!, _workers.GetValueOrDefault(guard.Worker!)?.Version ?? 0),
        };
        return stored == guard.Version ? null : LedgerRules.Stale(what, key, guard.Version, stored);
    }

    private string? Write(LedgerRow row, long change)
    {
        switch (row)
        {
            case SweepRow sweep:
                return WriteSweep(sweep, change);
            case JobRow job:
                var jobs = Child(_jobs, job.Id.Sweep);
                return WriteVersioned(jobs, job.Id, job, r => r with { Version = r.Version + 1, Change = change }, "job");
            case WorkerRow worker:
                return WriteVersioned(
                    _workers, worker.Name, worker, r => r with { Version = r.Version + 1, Change = change }, "worker");
            case DecisionRow decision:
                return WriteDecision(decision, change);
            case EvaluationRow evaluation:
                WriteEvaluation(evaluation, change);
                return null;
            case InputRow input:
                Set(_inputs, (input.Sweep, input.Role), input with { Change = change });
                return null;
            case TrialRow trial:
                Set(_trials, (trial.Sweep, trial.Number), trial with { Change = change });
                return null;
            case AttemptRow attempt:
                Set(Child(_attempts, attempt.Job), attempt.Number, attempt with { Change = change });
                return null;
            case CheckpointRow checkpoint:
                var key = (checkpoint.Attempt, checkpoint.Step);
                Set(Child(_checkpoints, checkpoint.Job), key, checkpoint with { Change = change });
                return null;
            case MetricPointRow point:
                Set(Child(_points, point.Job), point.Step, point with { Change = change });
                return null;
            case EventRow happened:
                _events.Add(happened with
                {
                    Number = _events.Count + 1,
                    Sweep = happened.Sweep ?? happened.Job?.Sweep,
                    Change = change,
                });
                _undo.Push(() => _events.RemoveAt(_events.Count - 1));
                return null;
            default:
                throw new ArgumentException($"the ledger has no table for {row.GetType().Name}");
        }
    }

    private string? WriteSweep(SweepRow row, long change)
    {
        if (_launches.TryGetValue(row.ClientId, out var holder) && holder != row.Id)
        {
            return LedgerRules.ClientTaken(row);
        }

        var conflict = WriteVersioned(
            _sweeps, row.Id, row, r => r with { Version = r.Version + 1, Change = change }, "sweep");
        if (conflict is null)
        {
            Set(_launches, row.ClientId, row.Id);
        }

        return conflict;
    }

    private string? WriteVersioned<TKey, TRow>(
        Dictionary<TKey, TRow> table, TKey key, TRow row, Func<TRow, TRow> next, string what)
        where TKey : notnull
        where TRow : VersionedRow
    {
        var stored = table.GetValueOrDefault(key)?.Version ?? 0;
        if (stored != row.Version)
        {
            return LedgerRules.Stale(what, key.ToString()!, row.Version, stored);
        }

        Set(table, key, next(row));
        return null;
    }

    private string? WriteDecision(DecisionRow row, long change)
    {
        var key = (row.Sweep, row.Trial, row.Step);
        if (!_decisions.TryGetValue(key, out var stored))
        {
            Set(_decisions, key, row with { Change = change });
            return null;
        }

        return stored.Decision == row.Decision ? null : LedgerRules.Decided(row, stored.Decision);
    }

    private void WriteEvaluation(EvaluationRow row, long change)
    {
        var table = Child(_evaluations, row.Job);
        var key = (row.Step, row.Split, row.Variant);
        var written = row with { Change = change };
        var stored = table.GetValueOrDefault(key);
        var supersedes = stored is null || row.Attempt >= stored.Attempt;
        if (stored is not null && !LedgerRules.SameValues(stored, row))
        {
            var history = Child(_evaluationHistory, row.Job);
            history.Add(supersedes ? stored : written);
            _undo.Push(() => history.RemoveAt(history.Count - 1));
        }

        if (supersedes)
        {
            Set(table, key, written);
        }
    }

    private void Set<TKey, TRow>(IDictionary<TKey, TRow> table, TKey key, TRow row)
        where TKey : notnull
    {
        if (table.TryGetValue(key, out var before))
        {
            _undo.Push(() => table[key] = before);
        }
        else
        {
            _undo.Push(() => table.Remove(key));
        }

        table[key] = row;
    }

    private void UndoAll()
    {
        while (_undo.TryPop(out var undo))
        {
            undo();
        }
    }

    private JobRow? FindJob(JobId job) => _jobs.GetValueOrDefault(job.Sweep)?.GetValueOrDefault(job);

    private static TTable Child<TKey, TTable>(Dictionary<TKey, TTable> tables, TKey key)
        where TKey : notnull
        where TTable : new()
    {
        if (!tables.TryGetValue(key, out var table))
        {
            table = new TTable();
            tables.Add(key, table);
        }

        return table;
    }
}
