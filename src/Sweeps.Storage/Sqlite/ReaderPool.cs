using System.Collections.Concurrent;

namespace Sweeps.Storage.Sqlite;

/// <summary>Read-only connections, each used by one reader at a time. Readers see every commit that was answered before.</summary>
internal sealed class ReaderPool(string path) : IDisposable
{
    private const int Most = 8;

    private readonly SemaphoreSlim _free = new(Most, Most);
    private readonly ConcurrentBag<Statements> _idle = [];
    private volatile bool _closed;

    /// <summary>Runs a read on a thread of the pool, with a connection of its own.</summary>
    public async Task<T> ReadAsync<T>(Func<Statements, T> read, CancellationToken cancellation)
    {
        ObjectDisposedException.ThrowIf(_closed, typeof(SqliteLedger));
        await _free.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(_closed, typeof(SqliteLedger));
            return await Task.Run(() => Read(read), cancellation).ConfigureAwait(false);
        }
        finally
        {
            _free.Release();
        }
    }

    /// <summary>Waits for the reads that run, and closes.</summary>
    public void Dispose()
    {
        _closed = true;
        for (var i = 0; i < Most; i++)
        {
            _free.Wait();
        }

        while (_idle.TryTake(out var connection))
        {
            connection.Dispose();
        }

        _free.Release(Most);
    }

    private T Read<T>(Func<Statements, T> read)
    {
        if (!_idle.TryTake(out var connection))
        {
            connection = Connections.Read(path);
        }

        try
        {
            var result = read(connection);
            _idle.Add(connection);
            return result;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }
}
