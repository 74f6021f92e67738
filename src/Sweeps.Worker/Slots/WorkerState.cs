using System.Collections.Concurrent;
using Sweeps.Abstractions.Trials;
using Sweeps.Abstractions.Workers;
using Sweeps.Worker.Attempts;

namespace Sweeps.Worker.Slots;

/// <summary>What the parts of one worker share: who it is, what it holds, which slots are set aside. Thread-safe.</summary>
internal sealed class WorkerState
{
    private readonly ConcurrentDictionary<HeldJob, HeldLease> _held = new();
    private readonly ConcurrentDictionary<int, string> _quarantined = new();

    /// <summary>This life; incarnation 0 before it is registered.</summary>
    public WorkerLife Life { get; set; } = new(string.Empty, 0);

    /// <summary>LibTorch, CPU capability and threads, as a trainer said.</summary>
    public string Machine { get; set; } = "unknown";

    /// <summary>Sends a heartbeat of an attempt at once.</summary>
    public Action<HeldLease> AskAbout { get; set; } = _ => { };

    /// <summary>Attempts held.</summary>
    public IEnumerable<HeldLease> Held => _held.Values;

    /// <summary>Slots set aside, with the reason.</summary>
    public IReadOnlyDictionary<int, string> Quarantined => new Dictionary<int, string>(_quarantined);

    /// <summary>For beats.</summary>
    public IReadOnlyList<HeldJob> HeldJobs() => [.. _held.Keys];

    /// <summary>Holds an attempt.</summary>
    public void Add(HeldLease lease) => _held[lease.Held] = lease;

    /// <summary>Holds it no more.</summary>
    public void Remove(HeldLease lease) => _held.TryRemove(new(lease.Held, lease));

    /// <summary>Sets a slot aside, or (null) takes it back.</summary>
    public void Quarantine(int slot, string? reason)
    {
        if (reason is null)
        {
            _quarantined.TryRemove(slot, out _);
        }
        else
        {
            _quarantined[slot] = reason;
        }
    }
}
