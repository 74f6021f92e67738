using Sweeps.Abstractions.Sweep;
using Sweeps.Core.Json;
using Sweeps.Core.Ledger;
using Sweeps.Core.Planning;
using Sweeps.Core.Spec;
using Sweeps.Search.Planning;

namespace Sweeps.Grains.Sweep;

/// <summary>The launch's plan from its YAML: the same reader and planner as <c>sweeps plan</c>.</summary>
internal sealed class SpecLaunchPlanner : ILaunchPlanner
{
    /// <inheritdoc/>
    public LaunchPlan Plan(LaunchRequest request)
    {
        var read = SpecReader.Read(request.SpecYaml, request.SpecName);
        if (read.Spec is not { } spec)
        {
            return LaunchPlan.Refused([.. read.Errors.Select(e => e.ToString())]);
        }

        // The path that the client resolved: the spec's own may be relative to a folder that the silo does not know.
        spec = spec with { Defaults = spec.Defaults with { Base = request.Base } };
        var plan = Planner.Plan(spec, request.Data, request.Model);
        if (plan.Errors.Count > 0)
        {
            return LaunchPlan.Refused([.. plan.Errors.Select(e => e.ToString())]);
        }

        return new LaunchPlan(
            [],
            spec.Name,
            spec.Objective.Metric,
            spec.Objective.Maximize,
            plan.Facts,
            [.. plan.Trials.Select(t => new PlannedPoint(t.PointJson(), SweepsJson.Write(t.Settings), t.Steps))],
            [.. plan.Preflights.Select(p => SweepsJson.Write(p.Settings))]);
    }

    /// <inheritdoc/>
    public double? Estimate(SweepRow sweep, IReadOnlyDictionary<string, double> secondsPerStep)
    {
        if (SpecReader.Read(sweep.SpecYaml, sweep.Name).Spec is not { } spec)
        {
            return null;
        }

        var facts = SweepsJson.Read<SweepFacts>(sweep.FactsJson);
        var byMethod = secondsPerStep
            .GroupBy(s => SweepsJson.Read<TrialSettings>(s.Key).Method, StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => g.Max(s => s.Value), StringComparer.Ordinal);
        var plan = Planner.Plan(spec, new DataFacts { Labels = facts.Labels, Rows = facts.Rows }, null, byMethod);
        return plan.TrainerSeconds ?? facts.TotalSteps * byMethod.Values.Average();
    }
}
