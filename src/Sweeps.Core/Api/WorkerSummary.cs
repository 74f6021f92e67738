using Sweeps.Core.Ids;

namespace Sweeps.Core.Api;

/// <summary>A worker in <c>GET /api/v1/workers</c>.</summary>
public sealed record WorkerSummary
{
    /// <summary>Stable name.</summary>
    public required string Name { get; init; }

    /// <summary>Counter of its lives.</summary>
    public required long Incarnation { get; init; }

    /// <summary>Host name.</summary>
    public required string Host { get; init; }

    /// <summary>Process id of its silo.</summary>
    public required int ProcessId { get; init; }

    /// <summary>Slots, quarantined ones included.</summary>
    public required int Slots { get; init; }

    /// <summary>LibTorch, CPU capability and threads a slot.</summary>
    public string? Machine { get; init; }

    /// <summary>Devices, for people.</summary>
    public string? Devices { get; init; }

    /// <summary>Registered at, Unix milliseconds.</summary>
    public required long RegisteredAt { get; init; }

    /// <summary>Whether it has been heard since this silo started.</summary>
    public required bool Alive { get; init; }

    /// <summary>What its slots hold.</summary>
    public IReadOnlyList<HeldSlot> Held { get; init; } = [];

    /// <summary>Slots set aside, with the reason.</summary>
    public IReadOnlyDictionary<int, string> Quarantined { get; init; } = new Dictionary<int, string>();
}

/// <summary>A job in a slot.</summary>
/// <param name="Slot">Slot, from 0.</param>
/// <param name="Job">Job.</param>
/// <param name="Attempt">Attempt.</param>
public sealed record HeldSlot(int Slot, JobId Job, int Attempt);
