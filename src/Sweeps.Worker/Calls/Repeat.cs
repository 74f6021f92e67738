namespace Sweeps.Worker.Calls;

/// <summary>Repeats a call until it is answered: a lost answer means an unknown outcome, and every call bears repetition.</summary>
internal static class Repeat
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

    /// <summary>The answer, once there is one.</summary>
    /// <param name="call">The call; every exception of it is a lost answer.</param>
    /// <param name="clock">For the pauses: 50 ms, doubling to 1 s.</param>
    /// <param name="onError">Told of every loss.</param>
    /// <param name="stop">Ends the repetition; the call in flight is left to itself.</param>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    public static async Task<T> UntilAnsweredAsync<T>(
        Func<Task<T>> call, TimeProvider clock, Action<Exception>? onError, CancellationToken stop)
    {
        var pause = First;
        while (true)
        {
            stop.ThrowIfCancellationRequested();
            try
            {
                return await call().WaitAsync(stop).ConfigureAwait(false);
            }
            catch (Exception e) when (!stop.IsCancellationRequested)
            {
                onError?.Invoke(e);
            }

            await Task.Delay(pause, clock, stop).ConfigureAwait(false);
            pause = pause * 2 < Longest ? pause * 2 : Longest;
        }
    }
}
