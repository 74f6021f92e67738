using Sweeps.Abstractions.Sweep;
using Sweeps.Core.Ledger;
using Sweeps.Core.Planning;

namespace Sweeps.Grains.Sweep;

/// <summary>Turns a launch into points and preflights: reads the spec and expands the grid. Pure.</summary>
public interface ILaunchPlanner
{
    /// <summary>The plan, or what is wrong with the request.</summary>
    LaunchPlan Plan(LaunchRequest request);

    /// <summary>Trainer-seconds of the whole sweep, once the preflight has measured a step of each method; null: no estimate.</summary>
    /// <param name="sweep">The sweep's row, with spec and facts.</param>
    /// <param name="secondsPerStep">Measured seconds a step, by the preflight's settings as JSON.</param>
    double? Estimate(SweepRow sweep, IReadOnlyDictionary<string, double> secondsPerStep);
}

/// <summary>What a launch commits.</summary>
/// <param name="Errors">Why it is refused; empty when it is not.</param>
/// <param name="Name">Name in the spec.</param>
/// <param name="Metric">Metric of the objective.</param>
/// <param name="Maximize">Whether more is better.</param>
/// <param name="Facts">The plan's facts.</param>
/// <param name="Trials">The points in order; the first is trial 1.</param>
/// <param name="Preflights">Settings as JSON of the costliest point of each method.</param>
public sealed record LaunchPlan(
    IReadOnlyList<string> Errors,
    string Name,
    string Metric,
    bool Maximize,
    SweepFacts Facts,
    IReadOnlyList<PlannedPoint> Trials,
    IReadOnlyList<string> Preflights)
{
    /// <summary>A request that is refused.</summary>
    public static LaunchPlan Refused(params string[] errors) => new(errors, "", "", true, new SweepFacts(), [], []);
}

/// <summary>A point of the search space.</summary>
/// <param name="PointJson">The swept values as a JSON object.</param>
/// <param name="SettingsJson">All settings as JSON.</param>
/// <param name="Steps">Optimiser steps as planned; 0: not known.</param>
public sealed record PlannedPoint(string PointJson, string SettingsJson, int Steps = 0);
