using System.Data;
using Microsoft.Data.Sqlite;
using Sweeps.Core.Faults;
using Sweeps.Core.Ledger;

namespace Sweeps.Storage.Sqlite;

/// <summary>
/// Writes groups of commits, one transaction and so one sync for all of a group. Each member has its own savepoint: one
/// that is stale or fails is undone alone. Used by the writer's thread only.
/// </summary>
internal sealed class GroupWriter : IDisposable
{
    /// <summary>The crash point before COMMIT.</summary>
    public const string BeforeCommit = "ledger-before-commit";

    /// <summary>The crash point between COMMIT and the answers.</summary>
    public const string AfterCommit = "ledger-after-commit";

    private readonly string _path;
    private Statements _database;
    private RowWriter _rows;
    private long _change;

    public GroupWriter(string path, Statements database)
    {
        _path = path;
        _database = database;
        _rows = new RowWriter(database);
        _change = database.Number("SELECT change FROM change_counter");
    }

    /// <summary>For tests: passed at the crash points, on the writer's thread.</summary>
    public Action<string>? Passing { get; set; }

    /// <summary>Pages at which the file counts as full, for tests of a full disk; 0: no limit.</summary>
    public long PageLimit
    {
        set => _database.Execute($"PRAGMA max_page_count = {(value == 0 ? uint.MaxValue - 1 : value)}");
    }

    /// <summary>Writes the group and answers every member.</summary>
    public void Write(IReadOnlyList<PendingCommit> group)
    {
        var before = _change;
        var committing = false;
        try
        {
            _database.Execute("BEGIN IMMEDIATE");
            foreach (var member in group)
            {
                WriteMember(member, alone: group.Count == 1);
            }

            if (_change == before)
            {
                _database.Execute("ROLLBACK");
            }
            else
            {
                _database.Execute("UPDATE change_counter SET change = $change", ("change", _change));
                Pass(BeforeCommit);
                committing = true;
                _database.Execute("COMMIT");
                Pass(AfterCommit);
            }
        }
        catch (Exception e)
        {
            _change = before;
            Recover();
            Fail(group, e, committing);
            return;
        }

        foreach (var member in group)
        {
            member.Complete();
        }
    }

    /// <summary>Copies the WAL into the file as far as readers allow.</summary>
    public void Checkpoint() => _database.Execute("PRAGMA wal_checkpoint(PASSIVE)");

    /// <inheritdoc/>
    public void Dispose() => _database.Dispose();

    private void WriteMember(PendingCommit member, bool alone)
    {
        member.Error = null;
        if (!alone)
        {
            _database.Execute("SAVEPOINT member");
        }

        try
        {
            var conflict = _rows.Write(member.Commit, _change + 1);
            if (conflict is null)
            {
                _change++;
                member.Result = new CommitResult(true, _change);
            }
            else
            {
                member.Result = new CommitResult(false, 0, conflict);
                Undo(alone);
            }
        }
        catch (Exception e) when (e is not SqliteException fatal || !SqliteErrors.EndsTransaction(fatal))
        {
            member.Error = SqliteErrors.Translate(e, _path);
            Undo(alone);
        }

        if (!alone)
        {
            _database.Execute("RELEASE member");
        }
    }

    private void Undo(bool alone)
    {
        // A member that is alone is undone by the ROLLBACK of the whole transaction.
        if (!alone)
        {
            _database.Execute("ROLLBACK TO member");
        }
    }

    private void Fail(IReadOnlyList<PendingCommit> group, Exception error, bool committing)
    {
        if (group.Count > 1 && !committing && error is SqliteException sqlite && SqliteErrors.MayBeOneMembers(sqlite))
        {
            // One member may have been too large for the disk: the others get their chance, each by itself.
            foreach (var member in group)
            {
                Write([member]);
            }

            return;
        }

        var translated = SqliteErrors.Translate(error, _path);
        foreach (var member in group)
        {
            member.Fail(translated);
        }
    }

    private void Recover()
    {
        try
        {
            if (_database.Connection.State == ConnectionState.Open)
            {
                if (_database.InTransaction)
                {
                    _database.Execute("ROLLBACK");
                }

                return;
            }
        }
        catch (SqliteException)
        {
            // A connection that cannot even roll back is not trusted again; closing it rolls back.
        }

        _database.Dispose();
        _database = Connections.Write(_path);
        _rows = new RowWriter(_database);
        _change = _database.Number("SELECT change FROM change_counter");
    }

    private void Pass(string point)
    {
        Passing?.Invoke(point);
        CrashPoint.Hit(point);
    }
}
