namespace Sweeps.Core.Ledger;

/// <summary>A worker. Key: <see cref="Name"/>.</summary>
public sealed record WorkerRow : VersionedRow
{
    /// <summary>Stable name (machine and home).</summary>
    public required string Name { get; init; }

    /// <summary>Counter of its lives.</summary>
    public required long Incarnation { get; init; }

    /// <summary>Host name.</summary>
    public required string Host { get; init; }

    /// <summary>Process id of the silo.</summary>
    public required int ProcessId { get; init; }

    /// <summary>Slots, quarantined ones included.</summary>
    public required int Slots { get; init; }

    /// <summary>LibTorch, CPU capability and threads a slot.</summary>
    public string? Machine { get; init; }

    /// <summary>Devices, for people.</summary>
    public string? Devices { get; init; }

    /// <summary>Registered at.</summary>
    public required long RegisteredAt { get; init; }
}
