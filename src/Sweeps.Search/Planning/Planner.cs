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
        if (model is not null && !spec.Marks.ContainsKey("max_length"))
        {
            // A default must fit every base; only what a person asks for can be too long.
            defaults = defaults with { MaxLength = Math.Min(defaults.MaxLength, model.MaxPositions) };
        }

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
        var points = merge.Unique.Select(point => new PlannedTrial(0, point.Settings, Values(point, space), 0, null))
            .Concat(Arms(spec, space, merge, rows, data, model, report)).ToList();
        TrialChecks.WarnOfUnused(spec, [.. points.Select(point => point.Settings)], report);
        var preflights = Preflights(points, data, model);
        var trials = Number(points, rows, data, model, preflights, secondsPerStep);
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

    /// <summary>What is wrong with the columns that label and templates name: the first thing to know of a data file.</summary>
    public static IReadOnlyList<SpecError> CheckColumns(SweepSpec spec, IReadOnlyList<string> columns)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(columns);
        var report = new PlanReport(spec);
        DataChecks.CheckColumns(spec, columns, report);
        return report.Errors;
    }

    private static CultureInfo Culture => CultureInfo.InvariantCulture;

    private static SweepPlan Empty(SweepSpec spec, DataFacts data, SearchSpace space, PlanReport report) => new()
    {
        Axes = AxesOf(spec, space),
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
        Axes = AxesOf(spec, space),
        External = [.. spec.Arms.Select(arm => Scored(arm.External, data)).OfType<ExternalResult>()],
        Labels = data.Labels,
        Rows = data.Rows,
        ClassCounts = data.ClassCounts,
        GridPoints = points,
        TotalSteps = steps,
        HasTest = data.Rows.GetValueOrDefault("test") > 0,
    };

    /// <summary>The name under which the lines beside the grid are told apart.</summary>
    private const string ArmAxis = "arm";

    private static List<string> AxesOf(SweepSpec spec, SearchSpace space) =>
    [
        .. space.Axes.Select(axis => axis.Name)
            .Concat(spec.Arms.Count > 0 ? [ArmAxis] : [])
            .Concat(spec.Arms.SelectMany(arm => arm.Settings.Select(own => own.Key)))
            .Distinct(StringComparer.Ordinal),
    ];

    /// <summary>A result as it was given, or as its file was scored when the data were read.</summary>
    private static ExternalResult? Scored(ExternalResult? result, DataFacts data) => result?.File is null
        ? result
        : data.External.FirstOrDefault(scored => scored.Name == result.Name);

    /// <summary>Trials beside the grid.</summary>
    private static List<PlannedTrial> Arms(
        SweepSpec spec, SearchSpace space, PointMerge merge, int rows, DataFacts data, ModelFacts? model, PlanReport report)
    {
        var arms = new List<PlannedTrial>();
        foreach (var arm in spec.Arms.Where(arm => arm.External is null))
        {
            var settings = space.Of(arm);
            report.Arm = arm.Name;
            TrialChecks.Check(settings, rows, data, model, report);
            report.Arm = null;
            if (merge.IsNew(settings))
            {
                arms.Add(new PlannedTrial(0, settings, [new(ArmAxis, arm.Name), .. arm.Settings], 0, null));
            }
            else
            {
                report.Warn($"the arm '{LabelChecks.Short(arm.Name)}' is the same as another trial: it is not run twice");
            }
        }

        return arms;
    }

    // The one that needs most memory decides whether the method fits; among equals the one with the longest step.
    private static List<PlannedPreflight> Preflights(List<PlannedTrial> points, DataFacts data, ModelFacts? model)
    {
        return
        [
            .. points
                .Select((point, index) => (point.Settings, Number: index + 1))
                .GroupBy(entry => entry.Settings.Method, StringComparer.Ordinal)
                .Select(group => group
                    .OrderByDescending(entry => StepCost.OfMemory(entry.Settings, model))
                    .ThenByDescending(entry => StepCost.OfStep(entry.Settings, MeanTokens(entry.Settings, data, model), model))
                    .First())
                .OrderBy(entry => entry.Number)
                .Select(entry => new PlannedPreflight(entry.Settings.Method, entry.Number, entry.Settings)),
        ];
    }

    private static List<PlannedTrial> Number(
        List<PlannedTrial> points,
        int rows,
        DataFacts data,
        ModelFacts? model,
        IReadOnlyList<PlannedPreflight> preflights,
        IReadOnlyDictionary<string, double>? secondsPerStep)
    {
        var perUnit = preflights
            .Where(preflight => secondsPerStep?.ContainsKey(preflight.Method) == true)
            .ToDictionary(
                preflight => preflight.Method,
                preflight => secondsPerStep![preflight.Method] / StepCost.OfStep(preflight.Settings, MeanTokens(preflight.Settings, data, model), model),
                StringComparer.Ordinal);
        return
        [
            .. points.Select((point, index) =>
            {
                var steps = StepCount.Of(rows, point.Settings);
                var cost = StepCost.OfTrial(
                    point.Settings, steps, StepCount.OfEvaluations(rows, point.Settings), data.Rows.GetValueOrDefault("validation"), MeanTokens(point.Settings, data, model), model);
                return point with
                {
                    Number = index + 1,
                    Steps = (int)Math.Min(int.MaxValue, steps),
                    Seconds = perUnit.TryGetValue(point.Settings.Method, out var unit) ? unit * cost : null,
                };
            }),
        ];
    }

    private static List<KeyValuePair<string, object>> Values(SpacePoint point, SearchSpace space) =>
    [
        .. Enumerable.Range(0, space.Axes.Count)
            .Where(axis => point.NotApplying[axis] is null)
            .Select(axis => KeyValuePair.Create(space.Axes[axis].Name, space.Axes[axis].Values[point.Choice[axis]])),
    ];

    private static double? MeanTokens(TrialSettings settings, DataFacts data, ModelFacts? model) => model?.MeanTokensOf(settings) ?? data.MeanTokens;
}
