using Sweeps.Core.Spec;
using Sweeps.Core.Spec.Settings;

namespace Sweeps.Search.Space;

/// <summary>The product of a spec's axes (the seeds are the last), and what a choice of values means.</summary>
public sealed class SearchSpace
{
    /// <summary>Why an axis with a condition does nothing where the condition fails.</summary>
    public const string ConditionFails = "where its condition does not hold";

    private readonly TrialSettings _defaults;
    private readonly int? _layers;
    private readonly Setting[] _settings;
    private readonly int[] _order;

    /// <summary>Makes the space.</summary>
    /// <param name="spec">The spec.</param>
    /// <param name="defaults">The settings that every point starts from, data resolved.</param>
    /// <param name="layers">Blocks of the base model; null: unknown.</param>
    public SearchSpace(SweepSpec spec, TrialSettings defaults, int? layers)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(defaults);
        Axes = spec.Seeds.Count > 1
            ? [.. spec.Grid, new Axis("seed", [.. spec.Seeds.Select(seed => (object)(long)seed)])]
            : spec.Grid;
        _defaults = defaults with { Rank = defaults.Rank ?? Applicability.DefaultRank };
        _layers = layers;
        _settings = [.. Axes.Select(axis => SettingTable.ByName[axis.Name])];
        _order = Order(Axes);
        Size = 1;
        foreach (var axis in Axes)
        {
            Size = axis.Values.Count > long.MaxValue / Size ? long.MaxValue : Size * axis.Values.Count;
        }
    }

    /// <summary>The axes.</summary>
    public IReadOnlyList<Axis> Axes { get; }

    /// <summary>Choices in all, conditions not considered; capped at <see cref="long.MaxValue"/>.</summary>
    public long Size { get; }

    /// <summary>The settings of a line beside the grid, in normal form.</summary>
    public TrialSettings Of(ArmSpec arm)
    {
        ArgumentNullException.ThrowIfNull(arm);
        return Applicability.Normalize(
            arm.Settings.Aggregate(_defaults, (settings, own) => SettingTable.ByName[own.Key].With(settings, own.Value)), _layers);
    }

    /// <summary>
    /// The point of a choice. Null when an axis whose condition fails stands at another than its first value: that point
    /// is the one of its first value and is not counted again.
    /// </summary>
    /// <param name="choice">Index of a value, an axis each.</param>
    public SpacePoint? At(IReadOnlyList<int> choice)
    {
        ArgumentNullException.ThrowIfNull(choice);
        var settings = _defaults;
        var reasons = new string?[Axes.Count];
        foreach (var index in _order)
        {
            if (Holds(Axes[index], settings))
            {
                settings = _settings[index].With(settings, Axes[index].Values[choice[index]]);
            }
            else if (choice[index] != 0)
            {
                return null;
            }
            else
            {
                reasons[index] = ConditionFails;
            }
        }

        for (var i = 0; i < Axes.Count; i++)
        {
            reasons[i] ??= Applicability.Reason(Axes[i].Name, settings, _layers);
        }

        return new SpacePoint([.. choice], Applicability.Normalize(settings, _layers), reasons);
    }

    private bool Holds(Axis axis, TrialSettings settings)
    {
        if (axis.When is null)
        {
            return true;
        }

        foreach (var (name, values) in axis.When)
        {
            // A setting that does nothing here has no value that a condition could ask for.
            if (Applicability.Reason(name, settings, _layers) is not null
                || SettingTable.ByName[name].Get(settings) is not { } value
                || !values.Contains(value))
            {
                return false;
            }
        }

        return true;
    }

    // Axes after those that their conditions look at; the reader has refused cycles of conditions.
    private static int[] Order(IReadOnlyList<Axis> axes)
    {
        var index = axes.Select((axis, i) => (axis.Name, i)).ToDictionary(pair => pair.Name, pair => pair.i, StringComparer.Ordinal);
        var order = new List<int>(axes.Count);
        var entered = new bool[axes.Count];

        void Visit(int axis)
        {
            if (entered[axis])
            {
                return;
            }

            entered[axis] = true;
            var names = axes[axis].When is { } when ? when.Keys : [];
            foreach (var name in names.SelectMany(name => Applicability.DependsOn(name).Append(name)))
            {
                if (index.TryGetValue(name, out var other))
                {
                    Visit(other);
                }
            }

            order.Add(axis);
        }

        for (var i = 0; i < axes.Count; i++)
        {
            Visit(i);
        }

        return [.. order];
    }
}
