using Sweeps.Core.Spec;

namespace Sweeps.Search.Planning;

/// <summary>How many optimiser steps a trial takes.</summary>
public static class StepCount
{
    /// <summary>Steps of an epoch: the micro-batches of all rows, the last ones of both kinds perhaps short.</summary>
    /// <param name="rows">Training rows.</param>
    /// <param name="settings">The settings.</param>
    public static long OfEpoch(int rows, TrialSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var batches = Ceiling(rows, settings.BatchSize);
        return Ceiling(batches, settings.Accumulation);
    }

    /// <summary>Steps of the whole trial.</summary>
    public static long Of(int rows, TrialSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return OfEpoch(rows, settings) * settings.Epochs;
    }

    /// <summary>Steps of warm-up among so many.</summary>
    public static long OfWarmup(long steps, TrialSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return settings.Warmup < 1 ? (long)Math.Ceiling(settings.Warmup * steps) : (long)settings.Warmup;
    }

    private static long Ceiling(long number, long by) => (number + by - 1) / by;
}
