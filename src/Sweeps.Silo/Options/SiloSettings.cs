using System.Net;
using Sweeps.Abstractions;
using Sweeps.Core.Homes;

namespace Sweeps.Silo.Options;

/// <summary>What the silo was told on its command line and in its environment.</summary>
internal sealed record SiloSettings
{
    /// <summary>The home that it holds.</summary>
    public required SweepsHome Home { get; init; }

    /// <summary>Loopback address that HTTP listens on.</summary>
    public IPAddress Listen { get; init; } = IPAddress.Loopback;

    /// <summary>Port of HTTP; 0 (default): a free one.</summary>
    public int Port { get; init; }

    /// <summary>The trainer's program: an executable or a <c>.dll</c>.</summary>
    public required string Trainer { get; init; }

    /// <summary>Arguments of the trainer, before the worker's own. Default: <c>train</c>.</summary>
    public IReadOnlyList<string> TrainerArguments { get; init; } = ["train"];

    /// <summary>Slots; 0 (default): one a core, fewer when memory is short.</summary>
    public int Slots { get; init; }

    /// <summary>Whether it stays after its last sweep.</summary>
    public bool Stays { get; init; }

    /// <summary>Without unfinished sweeps and requests it ends after this. Default 60 s.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Longest drain at SIGTERM. Default 30 s.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Build hash of silo and trainer, as the command that started it knows it.</summary>
    public string Build { get; init; } = string.Empty;

    /// <summary>
    /// Folders that base models may be read from, besides the folder of each spec. Default: the user's home, and the
    /// silo's.
    /// </summary>
    public required IReadOnlyList<string> Roots { get; init; }

    /// <summary>A trainer in step or evaluate without CPU time for so long hangs. Default 15 s.</summary>
    public TimeSpan Still { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Leasing pauses while the home's file system has less free, MB.</summary>
    public int MinFreeMegabytes { get; init; } = 512;

    /// <summary>When the process began, Unix milliseconds.</summary>
    public long StartedAt { get; init; }

    /// <summary>Times of leases, pulses and heartbeats.</summary>
    public LeaseOptions Lease { get; init; } = new();
}
