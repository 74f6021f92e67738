using Sweeps.Core.Spec.Settings;
using Sweeps.Core.Spec.Yaml;

namespace Sweeps.Core.Spec.Reading;

/// <summary>What a sweep does with its trials: objective, seeds, concurrency, retries, checkpoints, limits.</summary>
internal sealed class RunSection(Scalars scalars, Dictionary<string, SpecMark> marks)
{
    private const int MaxSeeds = 1_000;
    private static readonly ChoiceType Objectives = new("macro_f1", "accuracy", "loss");
    private static readonly ChoiceType Keeps = new("best", "all");
    private static readonly IntegerType Concurrencies = new(0, 10_000);
    private static readonly IntegerType Retries = new(0, 100);
    private static readonly IntegerType Steps = new(0, 10_000_000);
    private static readonly NumberType Seconds = new(0, 86_400);

    public SweepSpec Read(MapReader root, SweepSpec spec)
    {
        var objective = Value(root, "objective", Objectives) as string ?? spec.Objective.Metric;
        spec = spec with
        {
            Objective = new Objective(objective, objective != "loss"),
            Defaults = spec.Defaults with { Metric = objective },
            Concurrency = Value(root, "concurrency", Concurrencies) is long most ? (int)most : spec.Concurrency,
            Retries = Value(root, "retries", Retries) is long retries ? (int)retries : spec.Retries,
            MaxTime = Unit(root, "max_time", Units.DurationAllowed, Units.Duration),
            DiskLimitBytes = Unit(root, "disk_limit", Units.SizeAllowed, Units.Size),
        };
        return ReadSeeds(root, ReadCheckpoint(root, spec));
    }

    private SweepSpec ReadCheckpoint(MapReader root, SweepSpec spec)
    {
        if (root["checkpoint"] is not { } node
            || scalars.Map(node, "checkpoint", "a map with steps, seconds and keep") is not { } map)
        {
            return spec;
        }

        var section = new MapReader(map, SpecLayout.Checkpoint, scalars.Errors);
        var steps = Value(section, "steps", Steps) as long?;
        var seconds = Value(section, "seconds", Seconds) as double?;
        var defaults = spec.Defaults;
        return spec with
        {
            KeepCheckpoints = Value(section, "keep", Keeps) is "all",
            Defaults = defaults with
            {
                CheckpointSteps = (int)(steps ?? defaults.CheckpointSteps),
                // Who asks for steps alone does not get the default clock on top of them.
                CheckpointSeconds = seconds ?? (steps is > 0 ? 0 : defaults.CheckpointSeconds),
            },
        };
    }

    private SweepSpec ReadSeeds(MapReader root, SweepSpec spec)
    {
        if (root["seeds"] is not { } node)
        {
            return spec;
        }

        marks["seeds"] = node.Mark;
        var other = root["seed"] is not null ? "seed" : spec.Grid.Any(axis => axis.Name == "seed") ? "grid.seed" : null;
        if (other is not null)
        {
            scalars.Errors.Add(node.Mark, "seeds", $"'seeds' and '{other}' both choose seeds; keep one of them");
            return spec;
        }

        const string Allowed = "a list of different whole numbers such as [1, 2, 3]";
        if (scalars.Items(node, "seeds", Allowed) is not { } items)
        {
            return spec;
        }

        if (items.Count > MaxSeeds)
        {
            scalars.Errors.Add(items[MaxSeeds].Mark, "seeds", $"'seeds' has {items.Count} values, the limit is {MaxSeeds}");
            return spec;
        }

        var type = SettingTable.ByName["seed"].Type;
        var seeds = new List<int>();
        foreach (var item in items)
        {
            if (scalars.Value(item, "seeds", type) is not long seed)
            {
                continue;
            }

            if (seeds.Contains((int)seed))
            {
                scalars.Errors.Add(item.Mark, "seeds", $"the seed {seed} stands here twice", allowed: Allowed);
                continue;
            }

            marks[$"grid.seed[{seeds.Count}]"] = item.Mark;
            seeds.Add((int)seed);
        }

        return seeds.Count == 0 ? spec : spec with { Seeds = seeds, Defaults = spec.Defaults with { Seed = seeds[0] } };
    }

    private object? Value(MapReader section, string key, SettingType type)
    {
        if (section[key] is not { } node)
        {
            return null;
        }

        marks[section.PathOf(key)] = node.Mark;
        return scalars.Value(node, section.PathOf(key), type);
    }

    private T? Unit<T>(MapReader root, string key, string allowed, Func<string, T?> parse)
        where T : struct
    {
        if (root[key] is not { } node || scalars.Scalar(node, key, allowed) is not { } scalar)
        {
            return null;
        }

        marks[key] = node.Mark;
        var value = parse(scalar.Text);
        if (value is null)
        {
            scalars.Refuse(scalar, key, allowed);
        }

        return value;
    }
}
