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
        // Solved examples in the prompt are not trained on.
        var batches = Ceiling(Math.Max(1, rows - (settings.FewShot * settings.Data.Labels.Count)), settings.BatchSize);
        return Ceiling(batches, settings.Accumulation);
    }

    /// <summary>Steps of the whole trial: none without training, and at most <c>max_steps</c>.</summary>
    public static long Of(int rows, TrialSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        if (settings.Method == "zero-shot")
        {
            return 0;
        }

        var steps = OfEpoch(rows, settings) * settings.Epochs;
        return settings.MaxSteps > 0 ? Math.Min(steps, settings.MaxSteps) : steps;
    }

    /// <summary>Evaluations of the whole trial.</summary>
    public static long OfEvaluations(int rows, TrialSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var between = settings.EvaluateSteps > 0 ? settings.EvaluateSteps : OfEpoch(rows, settings);
        return Math.Max(1, Ceiling(Of(rows, settings), Math.Max(1, between)));
    }

    /// <summary>Steps of warm-up among so many.</summary>
    public static long OfWarmup(long steps, TrialSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return settings.Warmup < 1 ? (long)Math.Ceiling(settings.Warmup * steps) : (long)settings.Warmup;
    }

    private static long Ceiling(long number, long by) => (number + by - 1) / by;
}
