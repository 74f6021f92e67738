namespace Sweeps.Grains.Logic;

/// <summary>One at a time, first come first served. Used within one activation; safe from any thread all the same.</summary>
internal sealed class AsyncGate
{
    private readonly Lock _lock = new();
    private readonly Queue<TaskCompletionSource> _waiting = new();
    private bool _held;

    /// <summary>Whether somebody is inside.</summary>
    public bool IsHeld
    {
        get
        {
            lock (_lock)
            {
                return _held;
            }
        }
    }

    /// <summary>Waits for the turn; dispose what is returned to leave.</summary>
    public async Task<IDisposable> EnterAsync()
    {
        TaskCompletionSource? turn = null;
        lock (_lock)
        {
            if (_held)
            {
                turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _waiting.Enqueue(turn);
            }

            _held = true;
        }

        if (turn is not null)
        {
            await turn.Task;
        }

        return new Turn(this);
    }

    private void Leave()
    {
        lock (_lock)
        {
            if (_waiting.TryDequeue(out var next))
            {
                next.SetResult();
            }
            else
            {
                _held = false;
            }
        }
    }

    private sealed class Turn(AsyncGate gate) : IDisposable
    {
        private AsyncGate? _gate = gate;

        public void Dispose() => Interlocked.Exchange(ref _gate, null)?.Leave();
    }
}
