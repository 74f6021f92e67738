using System.Diagnostics;
using Sweeps.Core.Trainer;

namespace Sweeps.Benchmarks.Checkpoints;

/// <summary>Some steps of the training thread, from the end of one step to the end of another.</summary>
/// <param name="WithCheckpoints">Whether checkpoints fell due in it.</param>
internal sealed record Phase(bool WithCheckpoints)
{
    /// <summary>When it began.</summary>
    public required long Start { get; init; }

    /// <summary>Processor seconds of the thread when it began.</summary>
    public required double ProcessorStart { get; init; }

    /// <summary>When its last step ended.</summary>
    public long End { get; set; }

    /// <summary>Processor seconds of the thread then.</summary>
    public double ProcessorEnd { get; set; }

    /// <summary>Its steps.</summary>
    public int Steps { get; set; }

    /// <summary>Longest time from the end of one step to the end of the next.</summary>
    public TimeSpan Slowest { get; set; }

    /// <summary>What was written in it.</summary>
    public List<OfferedCheckpoint> Checkpoints { get; } = [];

    /// <summary>Its length.</summary>
    public double Seconds => Stopwatch.GetElapsedTime(Start, End).TotalSeconds;

    /// <summary>Steps a second.</summary>
    public double Rate => Steps / Seconds;

    /// <summary>Steps a second of the thread's processor time.</summary>
    public double ProcessorRate => Steps / (ProcessorEnd - ProcessorStart);
}
