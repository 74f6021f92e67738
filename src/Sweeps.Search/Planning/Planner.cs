using System.Globalization;
using Sweeps.Core.Planning;
using Sweeps.Core.Spec;
using Sweeps.Search.Samplers;
using Sweeps.Search.Space;

namespace Sweeps.Search.Planning;

/// <summary>The grid compiler: spec, data and base model to trials and their price. Pure, no I/O.</summary>
public static class Planner
{
    /// <summary>Most points of a grid before merging.</summary>
    public const int MaxPoints = 250_000;

    /// <summary>Most trials of a sweep.</summary>
    public const int MaxTrials = 100_000;

    /// <summary>Plans a sweep. What is wrong comes back in <see cref="SweepPlan.Errors"/>; it throws for nothing a spec can say.</summary>
    /// <param name="spec">The spec, read without errors.</param>
    /// <param name="data">What is known of the data.</param>
    /// <param name="model">What is known of the base model; null: its limits are not checked here.</param>
    /// <param name="secondsPerStep">Seconds of the preflight's step by method; null or without a method: no estimate.</param>
    /// <param name="sampler">Chooses the points; null: all of them.</param>
    public static SweepPlan Plan(
        SweepSpec spec,
        DataFacts data,
        ModelFacts? model = null,
        IReadOnlyDictionary<string, double>? secondsPerStep = null,
        ISampler? sampler = null)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(data);
        var report = new PlanReport(spec);
        var defaults = LabelChecks.Resolve(spec, data, report);
        DataChecks.Check(spec, data, model, report);

        var space = new SearchSpace(spec, defaults, model?.Layers);
        if (space.Size > MaxPoints)
        {
            report.Error(
                "grid",
                $"the grid has {(space.Size == long.MaxValue ? "more than 9e18" : space.Size.ToString("N0", Culture))} points, the limit is {MaxPoints.ToString("N0", Culture)}",
                allowed: "fewer axes or values");
            return Empty(spec, data, space, report);
        }

        var merge = new PointMerge(space);
        foreach (var point in (sampler ?? new GridSampler()).Sample(space))
        {
            merge.Add(point);
        }

        if (merge.Unique.Count > MaxTrials)
        {
            report.Error(
                "grid",
                $"the grid has {merge.Unique.Count.ToString("N0", Culture)} trials, the limit is {MaxTrials.ToString("N0", Culture)}",
                allowed: "fewer axes or values");
            return Empty(spec, data, space, report);
        }

        var rows = data.Rows.GetValueOrDefault("train");
        foreach (var point in merge.Unique)
        {
            TrialChecks.Check(point.Settings, rows, data, model, report);
        }

        merge.Warn(report);
        TrialChecks.WarnOfUnused(spec, merge.Unique, report);
        var preflights = Preflights(merge.Unique, data, model);
        var trials = Number(merge.Unique, space, rows, data, model, preflights, secondsPerStep);
        var total = trials.Sum(trial => (long)trial.Steps);
        return Empty(spec, data, space, report) with
        {
            Trials = trials,
            Preflights = preflights,
            GridPoints = merge.Points,
            Merged = merge.Merged,
            NotApplying = merge.NotApplying,
            TotalSteps = total,
            TrainerSeconds = trials.All(trial => trial.Seconds is not null) ? trials.Sum(trial => trial.Seconds) : null,
            Facts = Facts(spec, data, space, merge.Points, total),
        };
    }

    private static CultureInfo Culture => CultureInfo.InvariantCulture;

    private static SweepPlan Empty(SweepSpec spec, DataFacts data, SearchSpace space, PlanReport report) => new()
    {
        Axes = [.. space.Axes.Select(axis => axis.Name)],
        Warnings = report.Warnings,
        Errors = report.Errors,
        Facts = Facts(spec, data, space, 0, 0),
    };

    private static SweepFacts Facts(SweepSpec spec, DataFacts data, SearchSpace space, int points, long steps) => new()
    {
        Concurrency = spec.Concurrency,
        Retries = spec.Retries,
        MaxTimeSeconds = spec.MaxTime?.TotalSeconds,
        DiskLimitBytes = spec.DiskLimitBytes,
        KeepCheckpoints = spec.KeepCheckpoints,
        Axes = [.. space.Axes.Select(axis => axis.Name)],
        Labels = data.Labels,
        Rows = data.Rows,
        GridPoints = points,
        TotalSteps = steps,
        HasTest = data.Rows.GetValueOrDefault("test") > 0,
    };

    // The one that needs most memory decides whether the method fits; among equals the one with the longest step.
    private static List<PlannedPreflight> Preflights(IReadOnlyList<SpacePoint> points, DataFacts data, ModelFacts? model)
    {
        var tokens = MeanTokens(data, model);
        return
        [
            .. points
                .Select((point, index) => (point.Settings, Number: index + 1))
                .GroupBy(entry => entry.Settings.Method, StringComparer.Ordinal)
                .Select(group => group
                    .OrderByDescending(entry => StepCost.OfMemory(entry.Settings, model))
                    .ThenByDescending(entry => StepCost.OfStep(entry.Settings, tokens, model))
                    .First())
                .OrderBy(entry => entry.Number)
                .Select(entry => new PlannedPreflight(entry.Settings.Method, entry.Number, entry.Settings)),
        ];
    }

    private static List<PlannedTrial> Number(
        List<SpacePoint> points,
        SearchSpace space,
        int rows,
        DataFacts data,
        ModelFacts? model,
        IReadOnlyList<PlannedPreflight> preflights,
        IReadOnlyDictionary<string, double>? secondsPerStep)
    {
        var tokens = MeanTokens(data, model);
        var perUnit = preflights
            .Where(preflight => secondsPerStep?.ContainsKey(preflight.Method) == true)
            .ToDictionary(
                preflight => preflight.Method,
                preflight => secondsPerStep![preflight.Method] / StepCost.OfStep(preflight.Settings, tokens, model),
                StringComparer.Ordinal);
        var trials = new List<PlannedTrial>(points.Count);
        foreach (var point in points)
        {
            var steps = StepCount.Of(rows, point.Settings);
            double? seconds = perUnit.TryGetValue(point.Settings.Method, out var unit)
                ? unit * StepCost.OfTrial(
                    point.Settings, steps, StepCount.OfEvaluations(rows, point.Settings), data.Rows.GetValueOrDefault("validation"), tokens, model)
                : null;
            var values = new List<KeyValuePair<string, object>>();
            for (var i = 0; i < space.Axes.Count; i++)
            {
                if (point.NotApplying[i] is null)
                {
                    values.Add(new(space.Axes[i].Name, space.Axes[i].Values[point.Choice[i]]));
                }
            }

            trials.Add(new PlannedTrial(trials.Count + 1, point.Settings, values, (int)Math.Min(int.MaxValue, steps), seconds));
        }

        return trials;
    }

    private static double? MeanTokens(DataFacts data, ModelFacts? model) => model?.MeanTokens ?? data.MeanTokens;
}
