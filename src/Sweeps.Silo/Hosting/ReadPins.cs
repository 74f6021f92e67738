using System.Collections.Concurrent;
using Sweeps.Storage.Cleaning;
using Sweeps.Web.Views;

namespace Sweeps.Silo.Hosting;

/// <summary>Pins that end by themselves: a reader in another process may die.</summary>
internal sealed class ReadPins(CheckpointPins pins, TimeProvider time) : IReadPins, IDisposable
{
    private readonly ConcurrentDictionary<ITimer, IDisposable> _held = new();

    public void Pin(string directory, TimeSpan duration)
    {
        ITimer? timer = null;
        timer = time.CreateTimer(_ => Release(timer!), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _held[timer] = pins.Pin(directory);
        timer.Change(duration, Timeout.InfiniteTimeSpan);
    }

    public void Dispose()
    {
        foreach (var timer in _held.Keys)
        {
            Release(timer);
        }
    }

    private void Release(ITimer timer)
    {
        if (_held.TryRemove(timer, out var pin))
        {
            pin.Dispose();
            timer.Dispose();
        }
    }
}
