using Microsoft.Data.Sqlite;

namespace Sweeps.Storage.Sqlite;

/// <summary>
/// Copies the WAL into the ledger's file on a thread and connection of its own, so that commits do not wait for it.
/// While commits keep coming, the WAL never becomes wholly copied and so never starts afresh; when it has grown long,
/// <see cref="WantsRestart"/> asks the writer to copy the little that is left between two groups.
/// </summary>
internal sealed class WalKeeper : IDisposable
{
    /// <summary>Rows after which a copy is due.</summary>
    private const int RowsBetween = 2_000;

    /// <summary>Frames (4 KiB pages) from which on the WAL is too long.</summary>
    private const long LongWal = 8_192;

    private readonly SemaphoreSlim _due = new(0, 1);
    private readonly Statements _database;
    private readonly Thread _thread;
    private int _rows;
    private volatile bool _stopping;
    private volatile bool _restart;

    public WalKeeper(string path)
    {
        _database = Connections.Write(path);
        _thread = new Thread(Run) { IsBackground = true, Name = "ledger checkpoints" };
        _thread.Start();
    }

    /// <summary>Whether the writer should make a checkpoint itself; true once, until the WAL is too long again.</summary>
    public bool WantsRestart()
    {
        var wanted = _restart;
        _restart = false;
        return wanted;
    }

    /// <summary>Counts rows written. Called by the writer's thread only.</summary>
    public void Wrote(int rows)
    {
        _rows += rows;
        if (_rows >= RowsBetween && _due.CurrentCount == 0)
        {
            _rows = 0;
            _due.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stopping = true;
        if (_due.CurrentCount == 0)
        {
            _due.Release();
        }

        _thread.Join();
        _database.Dispose();
        _due.Dispose();
    }

    private void Run()
    {
        while (true)
        {
            _due.Wait();
            if (_stopping)
            {
                return;
            }

            try
            {
                var frames = _database.Query(
                    "PRAGMA wal_checkpoint(PASSIVE)",
                    r =>
                    {
                        r.Skip(1);
                        return r.Long();
                    })[0];
                _restart = frames > LongWal;
            }
            catch (SqliteException)
            {
                // The commits are in the WAL all the same; a full disk is told to those who commit. The next one tries again.
            }
        }
    }
}
