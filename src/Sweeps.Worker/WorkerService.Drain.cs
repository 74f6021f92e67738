namespace Sweeps.Worker;

/// <content>The end of a worker's life.</content>
public sealed partial class WorkerService
{
    /// <summary>
    /// Drains: every attempt writes a checkpoint and is given back, trainers end. What takes longer than
    /// <paramref name="grace"/> is given back, or killed, without a checkpoint; that costs no retry.
    /// </summary>
    public async Task DrainAsync(TimeSpan grace)
    {
        var reserve = TimeSpan.FromSeconds(Math.Min(3, grace.TotalSeconds / 5));
        LogDraining(_state.Held.Count());
        await _stopLeasing.CancelAsync().ConfigureAwait(false);
        _ = LeaveAsync();
        var settle = TimeSpan.FromSeconds(Math.Min(3, grace.TotalSeconds / 5));
        var finished = await FinishedWithinAsync(settle).ConfigureAwait(false);

        // A lease that is still unanswered would only be given back: it is left to the beats.
        await _stopCalls.CancelAsync().ConfigureAwait(false);
        if (!finished && !await FinishedWithinAsync(grace - reserve - settle).ConfigureAwait(false))
        {
            foreach (var slot in _slots)
            {
                slot.Run?.Abandon("drained out of time");
            }

            if (!await FinishedWithinAsync(reserve * 0.6).ConfigureAwait(false))
            {
                KillTrainers();
                if (!await FinishedWithinAsync(reserve * 0.3).ConfigureAwait(false))
                {
                    GiveUpAll("drained out of time");
                    KillTrainers();
                    await FinishedWithinAsync(reserve * 0.1).ConfigureAwait(false);
                }
            }
        }

        await _stopTicks.CancelAsync().ConfigureAwait(false);
    }

    /// <summary>A silo ends only when the calls that wait in it have.</summary>
    private async Task LeaveAsync()
    {
        try
        {
            if (_state.Life.Incarnation > 0)
            {
                await _calls.LeaveAsync(_state.Life).ConfigureAwait(false);
            }
        }
        catch (Exception e)
        {
            LogNotLeft(e.Message);
        }
    }

    private async Task<bool> FinishedWithinAsync(TimeSpan wait)
    {
        try
        {
            await _finished.Task.WaitAsync(wait, _clock).ConfigureAwait(false);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }
}
