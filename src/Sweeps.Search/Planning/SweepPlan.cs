using Sweeps.Core.Json;
using Sweeps.Core.Planning;
using Sweeps.Core.Spec;

namespace Sweeps.Search.Planning;

/// <summary>What a spec becomes on its data and base model.</summary>
public sealed record SweepPlan
{
    /// <summary>The trials, numbered from 1 in the grid's order; empty when there are errors that leave no grid.</summary>
    public IReadOnlyList<PlannedTrial> Trials { get; init; } = [];

    /// <summary>The costliest point of each method: one step of it is run before any trial.</summary>
    public IReadOnlyList<PlannedPreflight> Preflights { get; init; } = [];

    /// <summary>The swept axes' names in order; <c>seed</c> last when there are several seeds.</summary>
    public IReadOnlyList<string> Axes { get; init; } = [];

    /// <summary>Points of the grid before equal ones are merged.</summary>
    public int GridPoints { get; init; }

    /// <summary>Where axes do not apply, and what that merged.</summary>
    public IReadOnlyList<MergedAxis> Merged { get; init; } = [];

    /// <summary>Axes that apply to no trial at all.</summary>
    public IReadOnlyList<string> NotApplying { get; init; } = [];

    /// <summary>Optimiser steps of all trials together.</summary>
    public long TotalSteps { get; init; }

    /// <summary>
    /// Trainer-seconds of all trials together, the sum of <see cref="PlannedTrial.Seconds"/>; null while the seconds a
    /// step of some method are unknown.
    /// </summary>
    public double? TrainerSeconds { get; init; }

    /// <summary>What to know before launch; none of it stops the sweep.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Why it cannot be launched; empty when it can.</summary>
    public IReadOnlyList<SpecError> Errors { get; init; } = [];

    /// <summary>What is written beside the sweep.</summary>
    public required SweepFacts Facts { get; init; }

    /// <summary>
    /// Wall seconds on so many slots, when each free slot takes the next trial in order; null while
    /// <see cref="TrainerSeconds"/> is unknown.
    /// </summary>
    public double? WallSeconds(int slots)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(slots, 1);
        if (TrainerSeconds is null)
        {
            return null;
        }

        var free = new PriorityQueue<double, double>();
        for (var i = 0; i < Math.Min(slots, Trials.Count); i++)
        {
            free.Enqueue(0, 0);
        }

        double end = 0;
        foreach (var trial in Trials)
        {
            var done = free.Dequeue() + (trial.Seconds ?? 0);
            end = Math.Max(end, done);
            free.Enqueue(done, done);
        }

        return end;
    }
}

/// <summary>A trial of the plan.</summary>
/// <param name="Number">Its number, from 1.</param>
/// <param name="Settings">Its settings, in normal form: equal settings are the same trial.</param>
/// <param name="Point">The values of the axes that apply to it, in the axes' order: <see cref="long"/>, <see cref="double"/> or <see cref="string"/>.</param>
/// <param name="Steps">Optimiser steps.</param>
/// <param name="Seconds">Estimate of its trainer-seconds; null: unknown.</param>
public sealed record PlannedTrial(
    int Number,
    TrialSettings Settings,
    IReadOnlyList<KeyValuePair<string, object>> Point,
    int Steps,
    double? Seconds)
{
    /// <summary>The point as a JSON object in the axes' order, as <see cref="Core.Ledger.TrialRow.PointJson"/> holds it.</summary>
    public string PointJson() => SweepsJson.Write(new OrderedDictionary<string, object>(Point));
}

/// <summary>A preflight.</summary>
/// <param name="Method">The method it stands for.</param>
/// <param name="Trial">The trial whose settings it runs one step of.</param>
/// <param name="Settings">Those settings.</param>
public sealed record PlannedPreflight(string Method, int Trial, TrialSettings Settings);

/// <summary>An axis that does nothing in a part of the grid.</summary>
/// <param name="Axis">Its name.</param>
/// <param name="Reason">Where: the end of "rank does not apply ...".</param>
/// <param name="Points">Points of that part.</param>
/// <param name="Into">Points that are left of them without the axis.</param>
public sealed record MergedAxis(string Axis, string Reason, int Points, int Into)
{
    /// <summary><c>rank does not apply under full: 12 points merged into 6</c>.</summary>
    public override string ToString() => Points == Into
        ? $"{Axis} does not apply {Reason}: {Points} points"
        : $"{Axis} does not apply {Reason}: {Points} points merged into {Into}";
}
