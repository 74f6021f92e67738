using System.Threading.Channels;
using Microsoft.Data.Sqlite;
using Sweeps.Core.Ledger;

namespace Sweeps.Storage.Sqlite;

/// <summary>The bounded queue of commits and the one thread that writes them, in groups of what has gathered.</summary>
internal sealed class CommitQueue : IDisposable
{
    private const int Capacity = 8_192;
    private const int MaxMembers = 512;
    private const int MaxRows = 10_000;

    private readonly Channel<PendingCommit> _queue = Channel.CreateBounded<PendingCommit>(
        new BoundedChannelOptions(Capacity) { SingleReader = true });

    private readonly string _path;
    private readonly GroupWriter _writer;
    private readonly WalKeeper _keeper;
    private readonly Thread _thread;

    public CommitQueue(string path, GroupWriter writer, WalKeeper keeper)
    {
        _path = path;
        _writer = writer;
        _keeper = keeper;
        _thread = new Thread(Run) { IsBackground = true, Name = "ledger writer" };
        _thread.Start();
    }

    /// <summary>Commits waiting now.</summary>
    public int Waiting => _queue.Reader.Count;

    /// <summary>
    /// Queues a commit and waits for its answer. Cancelled at the queue's door it is not written; later, only the waiting
    /// ends.
    /// </summary>
    public async Task<CommitResult> CommitAsync(LedgerCommit commit, CancellationToken cancellation)
    {
        var pending = new PendingCommit(commit);
        try
        {
            await _queue.Writer.WriteAsync(pending, cancellation).ConfigureAwait(false);
        }
        catch (ChannelClosedException)
        {
            throw new ObjectDisposedException(
                nameof(SqliteLedger), $"the ledger '{_path}' is closed: '{commit.Name}' was not written");
        }

        return await pending.Answer.WaitAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Takes no more commits, writes those that wait, and ends the thread.</summary>
    public void Dispose()
    {
        _queue.Writer.TryComplete();
        _thread.Join();
    }

    private void Run()
    {
        var group = new List<PendingCommit>(MaxMembers);
        while (_queue.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            var rows = 0;
            group.Clear();
            while (group.Count < MaxMembers && rows < MaxRows && _queue.Reader.TryRead(out var pending))
            {
                group.Add(pending);
                rows += pending.Commit.Rows.Count;
            }

            Write(group);
            _keeper.Wrote(rows);
        }
    }

    private void Write(List<PendingCommit> group)
    {
        try
        {
            if (_keeper.WantsRestart())
            {
                _writer.Checkpoint();
            }
        }
        catch (SqliteException)
        {
            // The WAL stays long for a while; the commits themselves say when the disk is full.
        }

        try
        {
            _writer.Write(group);
        }
        catch (Exception e)
        {
            // The thread must live: whoever waits gets the error, the next group its own try.
            foreach (var pending in group)
            {
                pending.Fail(SqliteErrors.Translate(e, _path));
            }
        }
    }
}
