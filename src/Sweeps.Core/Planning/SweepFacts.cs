namespace Sweeps.Core.Planning;

/// <summary>What is known of a sweep at launch; written beside it as JSON.</summary>
public sealed record SweepFacts
{
    /// <summary>Concurrency of the spec; 0: no limit.</summary>
    public int Concurrency { get; init; }

    /// <summary>Retries of the spec.</summary>
    public int Retries { get; init; } = 3;

    /// <summary>Seconds of <c>max_time</c>; null: none.</summary>
    public double? MaxTimeSeconds { get; init; }

    /// <summary>Bytes that checkpoints may take; null: no limit.</summary>
    public long? DiskLimitBytes { get; init; }

    /// <summary>Whether completed trials keep their full state.</summary>
    public bool KeepCheckpoints { get; init; }

    /// <summary>The swept axes' names in order.</summary>
    public IReadOnlyList<string> Axes { get; init; } = [];

    /// <summary>Labels in order.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>Rows of each split.</summary>
    public IReadOnlyDictionary<string, int> Rows { get; init; } = new Dictionary<string, int>();

    /// <summary>Training rows of each label; empty in sweeps of earlier versions.</summary>
    public IReadOnlyDictionary<string, int> ClassCounts { get; init; } = new Dictionary<string, int>();

    /// <summary>Points of the grid before deduplication.</summary>
    public int GridPoints { get; init; }

    /// <summary>Optimiser steps of all trials together, weighted by nothing; for the estimate.</summary>
    public long TotalSteps { get; init; }

    /// <summary>Whether there is a test split to score.</summary>
    public bool HasTest { get; init; }

    /// <summary>Results that were made elsewhere, for the leaderboard.</summary>
    public IReadOnlyList<Spec.ExternalResult> External { get; init; } = [];
}
