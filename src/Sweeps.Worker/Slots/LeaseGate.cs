namespace Sweeps.Worker.Slots;

/// <summary>
/// Slots wait here while there is a reason not to lease (disk, registration), or while memory has room for fewer
/// trainers than there are slots. Thread-safe.
/// </summary>
internal sealed class LeaseGate
{
    private readonly Lock _gate = new();
    private readonly HashSet<string> _closedBy = new(StringComparer.Ordinal);
    private readonly HashSet<int> _seated = [];
    private TaskCompletionSource _change = NewChange();
    private int _seats = int.MaxValue;

    /// <summary>Whether no reason closes it.</summary>
    public bool IsOpen
    {
        get
        {
            lock (_gate)
            {
                return _closedBy.Count == 0;
            }
        }
    }

    /// <summary>Closes or opens it for one reason.</summary>
    /// <returns>Whether that changed anything.</returns>
    public bool Set(string reason, bool closed)
    {
        lock (_gate)
        {
            var changed = closed ? _closedBy.Add(reason) : _closedBy.Remove(reason);
            if (changed)
            {
                Wake();
            }

            return changed;
        }
    }

    /// <summary>How many slots may work at a time; one may always.</summary>
    public void SetSeats(int seats)
    {
        lock (_gate)
        {
            if (_seats != Math.Max(1, seats))
            {
                _seats = Math.Max(1, seats);
                Wake();
            }
        }
    }

    /// <summary>Waits until the slot may ask for a lease. It keeps its seat from then on, unless there are fewer now.</summary>
    public async ValueTask EnterAsync(int slot, CancellationToken cancellation)
    {
        while (true)
        {
            Task change;
            lock (_gate)
            {
                if (_seated.Count > _seats && _seated.Remove(slot))
                {
                    Wake();
                }

                if (_closedBy.Count == 0 && (_seated.Contains(slot) || _seated.Count < _seats))
                {
                    _seated.Add(slot);
                    return;
                }

                change = _change.Task;
            }

            await change.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    private static TaskCompletionSource NewChange() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Wake()
    {
        var former = _change;
        _change = NewChange();
        former.SetResult();
    }
}
