using System.Collections.Frozen;

namespace Sweeps.Cli.Show;

/// <summary>Events that a watching person wants to see; the rest is in <c>sweeps logs</c>.</summary>
internal static class Notable
{
    public static FrozenSet<string> Kinds { get; } = new[]
    {
        "attempt-failed", "lease-lost", "resumed", "checkpoint-bad", "replay-differs", "disk-full", "quarantined", "poison",
        "preflight-failed", "worker-lost", "fenced", "stopped", "max-time", "failed",
    }.ToFrozenSet(StringComparer.Ordinal);
}
