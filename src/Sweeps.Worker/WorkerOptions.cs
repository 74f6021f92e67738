using System.Reflection;
using Sweeps.Core.Homes;

namespace Sweeps.Worker;

/// <summary>How this machine's worker behaves. Durations are counted in the worker's own ticks, see <see cref="Tick"/>.</summary>
public sealed class WorkerOptions
{
    /// <summary>Stable name: the same after a restart, so that a new life ends the leases of the former one. Default: the host's name.</summary>
    public string Name { get; set; } = Environment.MachineName.ToLowerInvariant();

    /// <summary>Pool whose dispatcher is asked for work.</summary>
    public string Pool { get; set; } = "default";

    /// <summary>Slots; 0 (default): one a core, fewer when memory is short. At most 1024.</summary>
    public int Slots { get; set; }

    /// <summary>
    /// The trainer: executable and arguments, the verb included (<c>["dotnet", "Sweeps.Trainer.dll", "train"]</c>). The
    /// worker appends <c>--home DIR --slot N</c>; the trainer locks <c>slots/N.lock</c> while it lives.
    /// </summary>
    public IReadOnlyList<string> TrainerCommand { get; set; } = [];

    /// <summary>More environment for trainers.</summary>
    public IReadOnlyDictionary<string, string> TrainerEnvironment { get; set; } = new Dictionary<string, string>();

    /// <summary>The home: slots, logs, objects and checkpoints lie in it.</summary>
    public SweepsHome Home { get; set; } = SweepsHome.Default();

    /// <summary>Build of this worker, said to trainers. Default: the assembly's informational version.</summary>
    public string Build { get; set; } =
        typeof(WorkerOptions).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";

    /// <summary>Threads a trainer, said to OpenMP and MKL. Default 1.</summary>
    public int Threads { get; set; } = 1;

    /// <summary>
    /// The worker's tick, default 1 s: trainers are pulsed and watched, and deadlines count ticks, a late one counting
    /// once, so that a machine that slept expires nothing.
    /// </summary>
    public TimeSpan Tick { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Between two beats of the worker that list what it holds. Default 3 s.</summary>
    public TimeSpan Heartbeat { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// Between two heartbeats of a held job. Default 1 s and not 3: a wish (pause, cancel) travels in the answer and has
    /// to stop the stepping within 1 s.
    /// </summary>
    public TimeSpan JobHeartbeat { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Unanswered for so long, the worker gives an attempt up by itself. Default 10 s; below the lease's 15 s.</summary>
    public TimeSpan SelfFence { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>An abandoned trainer that still talks after this is killed. Default 2 s.</summary>
    public TimeSpan AbandonGrace { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>A slot that another process holds for so long is quarantined. Default 5 s.</summary>
    public TimeSpan SlotWait { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>A quarantined slot is tried again after this. Default 5 s.</summary>
    public TimeSpan QuarantineRetry { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>A drain never takes longer. Default 30 s.</summary>
    public TimeSpan DrainGrace { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>When silence is a hang.</summary>
    public BeatLimits BeatLimits { get; set; } = new();

    /// <summary>
    /// A slot takes its next lease when its trial is expected to end within this. Default 0.5 s: the most that a
    /// prefetched job can wait behind its slot while another slot falls idle. 0: never.
    /// </summary>
    public TimeSpan PrefetchLead { get; set; } = TimeSpan.FromSeconds(0.5);

    /// <summary>A trainer is replaced after so many assignments. Default 2000.</summary>
    public int AssignmentsPerTrainer { get; set; } = 2000;

    /// <summary>A trainer without work ends after this. Default 60 s.</summary>
    public TimeSpan IdleTrainer { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>A started trainer that says no hello in this is killed. Default 60 s.</summary>
    public TimeSpan HelloWait { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Leasing pauses while the home's file system has less than this. Default 512 MB; 0: never.</summary>
    public long MinFreeBytes { get; set; } = 512L * 1024 * 1024;

    /// <summary>A slot's log is rotated at this size, one old one kept. Default 10 MB.</summary>
    public long LogBytes { get; set; } = 10L * 1024 * 1024;

    /// <summary>Tests tick by hand.</summary>
    internal bool TicksByHand { get; set; }

    /// <summary>Ticks in a duration, at least one.</summary>
    internal int Ticks(TimeSpan duration) => Math.Max(1, (int)Math.Min(int.MaxValue, Math.Ceiling(duration / Tick)));

    /// <summary>Says what is wrong.</summary>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    internal void Check()
    {
        if (TrainerCommand.Count == 0)
        {
            throw new ArgumentException("TrainerCommand is empty: name the trainer's executable (--trainer)");
        }

        if (Slots is < 0 or > 1024)
        {
            throw new ArgumentException($"Slots is {Slots}: 0 (one a core) to 1024 are allowed");
        }

        if (string.IsNullOrWhiteSpace(Name))
        {
            throw new ArgumentException("Name is empty: a worker needs a stable name");
        }

        if (Tick <= TimeSpan.Zero || SelfFence < Tick || Heartbeat < Tick)
        {
            throw new ArgumentException("Tick must be positive, and SelfFence and Heartbeat at least one Tick");
        }
    }
}

/// <summary>When a trainer's silence is a hang. Counted in the worker's own ticks.</summary>
public sealed class BeatLimits
{
    /// <summary>Until a phase has three beats. Default 10 minutes.</summary>
    public TimeSpan First { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>The least limit after that. Default 60 s.</summary>
    public TimeSpan Least { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>The limit as a multiple of the median gap, when that is more. Default 20.</summary>
    public double Medians { get; set; } = 20;

    /// <summary>In the phases step and evaluate: CPU time unmoved for so long is a hang. Default 15 s.</summary>
    public TimeSpan Still { get; set; } = TimeSpan.FromSeconds(15);
}
