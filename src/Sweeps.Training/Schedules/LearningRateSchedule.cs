using Sweeps.Core.Spec;

namespace Sweeps.Training.Schedules;

/// <summary>
/// The learning rate of each optimiser step as a pure function of its index: transformers' <c>get_constant_</c>,
/// <c>get_linear_</c> and <c>get_cosine_schedule_with_warmup</c> and <c>get_wsd_schedule</c> (optimization.py), in which
/// step 0 of a warm-up uses 0 (under warmup-stable-decay: the least rate).
/// </summary>
public sealed class LearningRateSchedule
{
    /// <summary>Names that settings may use.</summary>
    public static readonly IReadOnlyList<string> Kinds = ["constant", "linear", "cosine", WarmupStableDecay];

    /// <summary>The schedule with a plateau between warm-up and decay.</summary>
    public const string WarmupStableDecay = "warmup-stable-decay";

    private readonly string _kind;
    private readonly double _peak;
    private readonly string _decayShape;
    private readonly double _least;
    private readonly int _decaySteps;
    private readonly int _stableEnd;

    /// <param name="kind">One of <see cref="Kinds"/>.</param>
    /// <param name="peak">Learning rate after the warm-up.</param>
    /// <param name="warmup">Below 1 a share of all steps (rounded up), from 1 a number of steps (rounded down).</param>
    /// <param name="totalSteps">Optimiser steps of the whole run.</param>
    /// <param name="decay">Steps of the decay under warmup-stable-decay, read as <paramref name="warmup"/>.</param>
    /// <param name="decayShape"><c>cosine</c>, <c>linear</c> or <c>1-sqrt</c>.</param>
    /// <param name="least">Share of the peak that warmup-stable-decay starts from and ends at.</param>
    /// <param name="stable">Steps of the plateau; null: all that warm-up and decay leave.</param>
    /// <exception cref="ArgumentException">An unknown kind or shape.</exception>
    public LearningRateSchedule(
        string kind, double peak, double warmup, int totalSteps, double decay = 0, string decayShape = "cosine", double least = 0, int? stable = null)
    {
        if (!Kinds.Contains(kind))
        {
            throw new ArgumentException($"'{kind}' is no schedule: {string.Join(", ", Kinds)} are", nameof(kind));
        }

        if (decayShape is not ("cosine" or "linear" or "1-sqrt"))
        {
            throw new ArgumentException($"'{decayShape}' is no shape of a decay: cosine, linear and 1-sqrt are", nameof(decayShape));
        }

        (_kind, _peak, _decayShape, _least) = (kind, peak, decayShape, least);
        TotalSteps = totalSteps;
        WarmupSteps = Steps(warmup, totalSteps);
        _decaySteps = Math.Min(Steps(decay, totalSteps), Math.Max(0, totalSteps - WarmupSteps));
        _stableEnd = WarmupSteps + (stable ?? Math.Max(0, totalSteps - WarmupSteps - _decaySteps));
    }

    /// <summary>The schedule of a trial.</summary>
    /// <exception cref="ArgumentException">An unknown kind or shape.</exception>
    public static LearningRateSchedule Of(TrialSettings settings, int totalSteps)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return new LearningRateSchedule(
            settings.Schedule, settings.LearningRate, settings.Warmup, totalSteps, settings.DecaySteps, settings.DecayShape, settings.MinLearningRate);
    }

    /// <summary>Optimiser steps of the whole run.</summary>
    public int TotalSteps { get; }

    /// <summary>Steps until the peak.</summary>
    public int WarmupSteps { get; }

    /// <summary>The learning rate that step <paramref name="step"/> (from 0) is made with.</summary>
    public double At(int step) => _peak * Factor(step);

    private static int Steps(double given, int totalSteps) =>
        given >= 1 ? (int)given : (int)Math.Ceiling(Math.Max(0, given) * totalSteps);

    private double Factor(int step)
    {
        if (step < WarmupSteps)
        {
            var risen = (double)step / Math.Max(1, WarmupSteps);
            return _kind == WarmupStableDecay ? AboveLeast(risen) : risen;
        }

        var rest = Math.Max(1, TotalSteps - WarmupSteps);
        return _kind switch
        {
            "linear" => Math.Max(0, (double)(TotalSteps - step) / rest),
            "cosine" => Math.Max(0, 0.5 * (1 + Math.Cos(Math.PI * (step - WarmupSteps) / rest))),
            WarmupStableDecay => Decayed(step - _stableEnd),
            _ => 1,
        };
    }

    /// <summary>So many steps after the plateau.</summary>
    private double Decayed(int steps)
    {
        if (steps < 0)
        {
            return 1;
        }

        var progress = (double)steps / Math.Max(1, _decaySteps);
        return steps >= _decaySteps
            ? _least
            : AboveLeast(_decayShape switch
            {
                "linear" => 1 - progress,
                "1-sqrt" => 1 - Math.Sqrt(progress),
                _ => 0.5 * (1 + Math.Cos(Math.PI * progress)),
            });
    }

    private double AboveLeast(double factor) => (factor * (1 - _least)) + _least;
}
