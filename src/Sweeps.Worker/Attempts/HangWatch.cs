using System.Globalization;

namespace Sweeps.Worker.Attempts;

/// <summary>
/// Sees a trainer's hang: silence of the phase beyond its limit, or, in step and evaluate, CPU time that hardly moves.
/// Silence is counted in the worker's ticks, so that a machine that slept sees no hang. Thread-safe.
/// </summary>
internal sealed class HangWatch(WorkerOptions options, TimeProvider clock)
{
    private const int GapsKept = 64;

    /// <summary>Of a second's 100 clock ticks: what a hung process may still use to read its pipe and to collect garbage.</summary>
    private const double IdleTicks = 1;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Phase> _phases = new(StringComparer.Ordinal);
    private string _phase = "load";
    private long _beatAt = clock.GetTimestamp();
    private int _silent;
    private int _still;
    private long? _cpu;

    /// <summary>The trainer is in this phase and makes progress.</summary>
    public void Beat(string phase)
    {
        lock (_gate)
        {
            var now = clock.GetTimestamp();
            if (!_phases.TryGetValue(phase, out var known))
            {
                _phases.Add(phase, known = new Phase());
            }

            known.Beats++;
            if (phase == "write" && _phase is ("step" or "evaluate"))
            {
                // The writer's thread beats beside the training thread: it must not hide that one's silence. But a
                // process that writes lives, though it waits for the disk and uses no CPU time.
                _still = 0;
                return;
            }

            if (phase == _phase && known.Beats > 1)
            {
                if (known.Gaps.Count == GapsKept)
                {
                    known.Gaps.Dequeue();
                }

                known.Gaps.Enqueue(clock.GetElapsedTime(_beatAt, now));
            }

            _phase = phase;
            _beatAt = now;
            _silent = 0;
            _still = 0;
            _cpu = null;
        }
    }

    /// <summary>A tick has passed.</summary>
    /// <param name="cpu">Reads the trainer's CPU time; asked only while it is silent.</param>
    /// <returns>Null, or the hang in words.</returns>
    public string? Tick(Func<long?> cpu)
    {
        lock (_gate)
        {
            _silent++;
            if (_silent > 1 && (_phase is "step" or "evaluate"))
            {
                var now = cpu();
                if (now is null || _cpu is null || now - _cpu > IdleTicks * options.BeatLimits.Still.TotalSeconds)
                {
                    (_cpu, _still) = (now, 0);
                }
                else if (++_still >= options.Ticks(options.BeatLimits.Still))
                {
                    return Words("hardly any CPU time used", options.BeatLimits.Still);
                }
            }

            var limit = Limit();
            return _silent > options.Ticks(limit) ? Words("no beat", limit) : null;
        }
    }

    private TimeSpan Limit()
    {
        if (!_phases.TryGetValue(_phase, out var phase) || phase.Beats < 3)
        {
            return options.BeatLimits.First;
        }

        var gaps = phase.Gaps.Order().ToArray();
        var median = gaps.Length == 0 ? TimeSpan.Zero : gaps[gaps.Length / 2];
        var limit = median * options.BeatLimits.Medians;
        return limit > options.BeatLimits.Least ? limit : options.BeatLimits.Least;
    }

    private string Words(string what, TimeSpan limit) =>
        string.Create(CultureInfo.InvariantCulture, $"hang in phase {_phase}: {what} for {limit.TotalSeconds:0.#} s");

    private sealed class Phase
    {
        public long Beats { get; set; }

        public Queue<TimeSpan> Gaps { get; } = new();
    }
}
