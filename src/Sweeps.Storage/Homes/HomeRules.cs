using Sweeps.Core.Homes;

namespace Sweeps.Storage.Homes;

/// <summary>What a home must satisfy.</summary>
public sealed record HomeRules
{
    /// <summary>How long another silo's lock is waited for. Default 15 s: a silo that ends needs some.</summary>
    public TimeSpan LockWait { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Free bytes that there must be. Default 64 MB.</summary>
    public long MinimumFreeBytes { get; init; } = SweepsHome.MinimumFreeBytes;

    /// <summary>The time between two looks at the lock. Default 100 ms.</summary>
    public TimeSpan LockPoll { get; init; } = TimeSpan.FromMilliseconds(100);
}
