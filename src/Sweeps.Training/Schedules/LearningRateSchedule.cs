namespace Sweeps.Training.Schedules;

/// <summary>
/// The learning rate of each optimiser step as a pure function of its index: transformers' <c>get_constant_</c>,
/// <c>get_linear_</c> and <c>get_cosine_schedule_with_warmup</c> (optimization.py), in which step 0 of a warm-up uses 0.
/// </summary>
public sealed class LearningRateSchedule
{
    /// <summary>Names that settings may use.</summary>
    public static readonly IReadOnlyList<string> Kinds = ["constant", "linear", "cosine"];

    private readonly string _kind;
    private readonly double _peak;

    /// <param name="kind">One of <see cref="Kinds"/>.</param>
    /// <param name="peak">Learning rate after the warm-up.</param>
    /// <param name="warmup">Below 1 a share of all steps (rounded up), from 1 a number of steps (rounded down).</param>
    /// <param name="totalSteps">Optimiser steps of the whole run.</param>
    /// <exception cref="ArgumentException">An unknown kind.</exception>
    public LearningRateSchedule(string kind, double peak, double warmup, int totalSteps)
    {
        if (!Kinds.Contains(kind))
        {
            throw new ArgumentException($"'{kind}' is no schedule: {string.Join(", ", Kinds)} are", nameof(kind));
        }

        _kind = kind;
        _peak = peak;
        TotalSteps = totalSteps;
        WarmupSteps = warmup >= 1 ? (int)warmup : (int)Math.Ceiling(Math.Max(0, warmup) * totalSteps);
    }

    /// <summary>Optimiser steps of the whole run.</summary>
    public int TotalSteps { get; }

    /// <summary>Steps until the peak.</summary>
    public int WarmupSteps { get; }

    /// <summary>The learning rate that step <paramref name="step"/> (from 0) is made with.</summary>
    public double At(int step) => _peak * Factor(step);

    private double Factor(int step)
    {
        if (step < WarmupSteps)
        {
            return (double)step / Math.Max(1, WarmupSteps);
        }

        var rest = Math.Max(1, TotalSteps - WarmupSteps);
        return _kind switch
        {
            "linear" => Math.Max(0, (double)(TotalSteps - step) / rest),
            "cosine" => Math.Max(0, 0.5 * (1 + Math.Cos(Math.PI * (step - WarmupSteps) / rest))),
            _ => 1,
        };
    }
}
