namespace Sweeps.Storage.Cleaning;

/// <summary>Checkpoint folders that are being read (an export, a prediction): the janitor leaves them. Thread-safe.</summary>
public sealed class CheckpointPins
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _pins = new(StringComparer.Ordinal);

    /// <summary>Pins a folder until the answer is disposed.</summary>
    /// <param name="directory">As in <see cref="Core.Ledger.CheckpointRow.Directory"/>.</param>
    public IDisposable Pin(string directory)
    {
        lock (_gate)
        {
            _pins[directory] = _pins.GetValueOrDefault(directory) + 1;
        }

        return new Release(this, directory);
    }

    /// <summary>Deletes with nobody able to pin meanwhile; does nothing when the folder is pinned.</summary>
    internal bool TryDelete(string directory, Action delete)
    {
        lock (_gate)
        {
            if (_pins.Keys.Any(p => p == directory || p.StartsWith(directory + "/", StringComparison.Ordinal)))
            {
                return false;
            }

            delete();
            return true;
        }
    }

    private void Unpin(string directory)
    {
        lock (_gate)
        {
            if (--_pins[directory] == 0)
            {
                _pins.Remove(directory);
            }
        }
    }

    private sealed class Release(CheckpointPins pins, string directory) : IDisposable
    {
        private int _released;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _released, 1) == 0)
            {
                pins.Unpin(directory);
            }
        }
    }
}
