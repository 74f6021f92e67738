namespace Sweeps.Silo.Hosting;

/// <summary>
/// Knows when the worker has drained: it is registered between Orleans and the worker, and services stop in reverse
/// order. From then on nothing that Orleans holds is worth waiting for (grains keep nothing that is not in the ledger,
/// and a slot's question for work would hold the stop up for 10 s), so its own graceful stop is cut short.
/// </summary>
internal sealed class Drained : IHostedService, IDisposable
{
    private static readonly TimeSpan ForOrleans = TimeSpan.FromMilliseconds(300);

    private readonly CancellationTokenSource _enough = new();

    /// <summary>Cancelled when waiting any longer is of no use.</summary>
    public CancellationToken Enough => _enough.Token;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken)
    {
        _enough.CancelAfter(ForOrleans);
        return Task.CompletedTask;
    }

    public void Dispose() => _enough.Dispose();
}
