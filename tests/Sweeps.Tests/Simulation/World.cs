namespace Sweeps.Tests.Simulation;

/// <summary>
/// A world of one thread and a virtual clock: everything awaited in it goes on in an order that the seed chooses, so a
/// schedule repeats exactly.
/// </summary>
internal sealed class World(int seed) : SynchronizationContext
{
    private readonly PriorityQueue<Action, (long Ticks, int Tie, long Number)> _queue = new();
    private long _number;

    public Random Random { get; } = new(seed);

    public long Ticks { get; private set; }

    public TimeSpan Now => new(Ticks);

    public TimeProvider Time => field ??= new Clock(this);

    /// <summary>What went wrong in a task that nobody awaits; the first one is the seed's failure.</summary>
    public Exception? Broken { get; private set; }

    public override void Post(SendOrPostCallback d, object? state) => Schedule(TimeSpan.Zero, () => d(state));

    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException();

    public override SynchronizationContext CreateCopy() => this;

    public void Schedule(TimeSpan after, Action action) =>
        _queue.Enqueue(action, (Ticks + after.Ticks, Random.Next(), _number++));

    public Task Delay(TimeSpan span)
    {
        var done = new TaskCompletionSource();
        Schedule(span, done.SetResult);
        return done.Task;
    }

    public Task Delay(double low, double high) => Delay(Between(low, high));

    public TimeSpan Between(double low, double high) => TimeSpan.FromSeconds(low + (Random.NextDouble() * (high - low)));

    public bool Chance(double probability) => Random.NextDouble() < probability;

    /// <summary>Starts a task that nobody awaits.</summary>
    public void Spawn(Func<Task> task) => Schedule(TimeSpan.Zero, () => _ = Watch(task));

    /// <summary>Runs until it is so, or the limit is reached.</summary>
    public bool Run(Func<bool> until, TimeSpan limit)
    {
        var before = Current;
        SetSynchronizationContext(this);
        try
        {
            while (!until() && Broken is null)
            {
                if (!_queue.TryDequeue(out var action, out var at) || at.Ticks > limit.Ticks)
                {
                    return false;
                }

                Ticks = Math.Max(Ticks, at.Ticks);
                action();
            }

            return Broken is null;
        }
        finally
        {
            SetSynchronizationContext(before);
        }
    }

    public void Break(Exception e) => Broken ??= e;

    private async Task Watch(Func<Task> task)
    {
        try
        {
            await task();
        }
        catch (GoneException)
        {
            // Its process was killed.
        }
        catch (Exception e)
        {
            Break(e);
        }
    }

    private sealed class Clock(World world) : TimeProvider
    {
        private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => world.Ticks;

        public override DateTimeOffset GetUtcNow() => Start + world.Now;
    }
}

/// <summary>The process that awaits was killed.</summary>
internal sealed class GoneException : Exception;
