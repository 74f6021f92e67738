using Microsoft.Data.Sqlite;
using Sweeps.Core.Ledger;
using Sweeps.Storage.Homes;

namespace Sweeps.Storage.Sqlite;

/// <summary>
/// The ledger in one SQLite file: one writer thread with group commit, WAL, <c>synchronous=FULL</c>; a commit is answered
/// after the sync. Readers have connections of their own and never wait. README.md of this project has the schema.
/// </summary>
/// <remarks>One process at a time writes a file: the home's lock sees to that.</remarks>
public sealed partial class SqliteLedger : ILedger, ISweepQueries, IAsyncDisposable
{
    private readonly GroupWriter _writer;
    private readonly WalKeeper _keeper;
    private readonly CommitQueue _queue;
    private readonly ReaderPool _readers;
    private int _disposed;

    private SqliteLedger(string path, Statements database)
    {
        Path = path;
        _writer = new GroupWriter(path, database);
        _keeper = new WalKeeper(path);
        _readers = new ReaderPool(path);
        _queue = new CommitQueue(path, _writer, _keeper);
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Commits waiting for their group.</summary>
    public int Waiting => _queue.Waiting;

    /// <summary>The writer, for tests.</summary>
    internal GroupWriter Writer => _writer;

    /// <summary>Opens the ledger, creates it when there is none, and brings its schema to this release's version.</summary>
    /// <param name="path">The file, usually <see cref="Core.Homes.SweepsHome.Ledger"/>; its folder exists.</param>
    /// <param name="clock">For the time of a migration; null: the system's.</param>
    /// <exception cref="HomeException">Not a ledger, a damaged one, one that cannot be opened, or one of a newer release.</exception>
    /// <exception cref="LedgerFullException">No room for a new file.</exception>
    public static SqliteLedger Open(string path, TimeProvider? clock = null)
    {
        path = System.IO.Path.GetFullPath(path);
        Statements? database = null;
        try
        {
            database = Connections.Write(path);
            Schema.Migrate(database, path, clock ?? TimeProvider.System);
            Durable.SyncFolder(System.IO.Path.GetDirectoryName(path)!);
            return new SqliteLedger(path, database);
        }
        catch (SqliteException e) when (e.SqliteErrorCode == SQLitePCL.raw.SQLITE_NOTADB)
        {
            database?.Dispose();
            throw NotALedger(path, e);
        }
        catch (SqliteException e) when (!SqliteErrors.IsFull(e, path))
        {
            database?.Dispose();
            throw Unreadable(path, e);
        }
        catch (Exception e)
        {
            database?.Dispose();
            if (SqliteErrors.Translate(e, path) is var translated && !ReferenceEquals(translated, e))
            {
                throw translated;
            }

            throw;
        }
    }

    /// <summary>The version of the schema of a ledger's file, without changing it; 0 when there is no file yet.</summary>
    /// <exception cref="HomeException">Not a ledger, or one of a newer release.</exception>
    public static long CheckVersion(string path)
    {
        if (!File.Exists(path) || new FileInfo(path).Length == 0)
        {
            return 0;
        }

        try
        {
            using var database = Connections.Read(path);
            return Schema.Check(database, path);
        }
        catch (SqliteException e) when (e.SqliteErrorCode == SQLitePCL.raw.SQLITE_NOTADB)
        {
            throw NotALedger(path, e);
        }
        catch (SqliteException e) when (!SqliteErrors.IsFull(e, path))
        {
            throw Unreadable(path, e);
        }
    }

    /// <inheritdoc/>
    public Task<CommitResult> CommitAsync(LedgerCommit commit, CancellationToken cancellation = default)
    {
        try
        {
            LedgerRules.Check(commit);
        }
        catch (ArgumentException e)
        {
            return Task.FromException<CommitResult>(e);
        }

        return _queue.CommitAsync(commit, cancellation);
    }

    /// <summary>Takes no more commits, writes those that wait, and closes the file.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            await Task.Run(Close).ConfigureAwait(false);
        }
    }

    private static HomeException NotALedger(string path, SqliteException cause) =>
        new($"'{path}' is not a ledger (not a SQLite file): move it away, or choose another --home", cause);

    private static HomeException Unreadable(string path, SqliteException cause) => cause.SqliteErrorCode switch
    {
        SQLitePCL.raw.SQLITE_CORRUPT => new(
            $"the ledger '{path}' is damaged (SQLite: database disk image is malformed). Keep a copy of it; what can still be read comes out with: "
            + "sqlite3 ledger.db .recover | sqlite3 mended.db (then put mended.db in its place, without ledger.db-wal and -shm), or choose another --home",
            cause),
        SQLitePCL.raw.SQLITE_BUSY => new(
            $"the ledger '{path}' is locked by another program (fuser {path} says which): end that, then try again", cause),
        _ => new(
            $"the ledger '{path}' cannot be opened ({cause.Message}): it must be a regular file that you may read and write; mend that, or choose another --home",
            cause),
    };

    private void Close()
    {
        _queue.Dispose();
        _readers.Dispose();
        _keeper.Dispose();
        _writer.Dispose();
    }
}
