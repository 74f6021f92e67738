using Sweeps.Core.Spec.Settings;
using Sweeps.Core.Spec.Yaml;

namespace Sweeps.Core.Spec.Reading;

/// <summary>The section <c>grid</c>: axes in the order of the file, with their conditions.</summary>
internal sealed class GridSection(Scalars scalars, SettingsSection settings, Dictionary<string, SpecMark> marks)
{
    /// <summary>Most values an axis may have.</summary>
    public const int MaxValues = 1_000;

    private const string AxisAllowed = "a list of values such as [1, 3], or {values: [0, 0.1], when: {schedule: cosine}}";
    private const string WhenAllowed = "a map from a setting to the value or values under which the axis applies";

    public IReadOnlyList<Axis> Read(MapReader root)
    {
        if (root["grid"] is not { } node
            || scalars.Map(node, "grid", "a map from settings to lists of values") is not { } map)
        {
            return [];
        }

        var axes = new List<Axis>();
        foreach (var (key, value) in map.Entries)
        {
            if (FindSetting(key, "grid", "swept") is not { } setting)
            {
                continue;
            }

            if (axes.Any(axis => axis.Name == setting.Name))
            {
                scalars.Errors.Add(key.Mark, $"grid.{setting.Name}", $"'{setting.Name}' is swept a second time here");
                continue;
            }

            marks[$"grid.{setting.Name}"] = key.Mark;
            if (ReadAxis(setting, key, value) is { } read)
            {
                axes.Add(read);
            }
        }

        ReportCycles(axes);
        return axes;
    }

    /// <summary>One value of a setting, or null (reported).</summary>
    public object? Value(Setting setting, YamlNode node, string path) => setting.Type is ModulesType && node is YamlList list
        ? settings.ModuleNames(list, path, setting.Type)
        : scalars.Value(node, path, setting.Type);

    /// <summary>The setting of a key, or null (reported).</summary>
    public Setting? FindSetting(YamlScalar key, string path, string verb)
    {
        if (SettingTable.Find(key.Text) is { } setting)
        {
            return setting;
        }

        var shown = ErrorList.Shorten(key.Text);
        var names = SettingTable.All.Select(known => known.Name).ToList();
        var exists = SpecLayout.AllPaths.ContainsKey(key.Text) || SpecLayout.AllPaths.Values.Contains(key.Text);
        scalars.Errors.Add(
            key.Mark,
            $"{path}.{key.Text}",
            exists ? $"'{shown}' is the same for all trials of a sweep and cannot be {verb}" : $"'{shown}' is not a setting",
            allowed: string.Join(", ", names),
            nearest: exists ? null : NearestName.Of(key.Text[(key.Text.LastIndexOf('.') + 1)..], names));
        return null;
    }

    private Axis? ReadAxis(Setting setting, YamlScalar key, YamlNode value)
    {
        var path = $"grid.{setting.Name}";
        if (value is not YamlMap map)
        {
            return scalars.Items(value, path, AxisAllowed) is { } items && Values(setting, items, path) is { } values
                ? new Axis(setting.Name, values, null, key.Mark.Line)
                : null;
        }

        YamlNode? listed = null;
        YamlNode? when = null;
        string[] keys = ["values", "when"];
        foreach (var (name, node) in map.Entries)
        {
            switch (name.Text)
            {
                case "values":
                    listed = node;
                    break;
                case "when":
                    when = node;
                    break;
                default:
                    scalars.Errors.Add(
                        name.Mark,
                        $"{path}.{name.Text}",
                        $"'{ErrorList.Shorten(name.Text)}' is not a key of '{path}'",
                        allowed: "values, when",
                        nearest: NearestName.Of(name.Text, keys));
                    break;
            }
        }

        var condition = when is null ? null : ReadWhen(setting, when, path);
        if (listed is null)
        {
            scalars.Errors.Add(map.Mark, path, $"'{path}' has no 'values'", allowed: AxisAllowed);
            return null;
        }

        return scalars.Items(listed, $"{path}.values", "a list of values such as [1, 3]") is { } conditional
            && Values(setting, conditional, path) is { } read
                ? new Axis(setting.Name, read, condition, key.Mark.Line)
                : null;
    }

    private List<object>? Values(Setting setting, IReadOnlyList<YamlNode> items, string path)
    {
        if (items.Count > MaxValues)
        {
            scalars.Errors.Add(items[MaxValues].Mark, path, $"'{path}' has {items.Count} values, the limit is {MaxValues}");
            return null;
        }

        var values = new List<object>();
        for (var i = 0; i < items.Count; i++)
        {
            var item = items[i];
            var value = Value(setting, item, path);
            if (value is null)
            {
                continue;
            }

            if (values.Contains(value))
            {
                scalars.Errors.Add(item.Mark, path, $"the value '{Show(item)}' stands in '{path}' twice", Show(item), "each value once");
                continue;
            }

            marks[$"{path}[{values.Count}]"] = item.Mark;
            values.Add(value);
        }

        return values.Count == items.Count ? values : null;
    }

    private Dictionary<string, IReadOnlyList<object>>? ReadWhen(Setting swept, YamlNode node, string path)
    {
        if (scalars.Map(node, $"{path}.when", WhenAllowed) is not { } map)
        {
            return null;
        }

        var conditions = new Dictionary<string, IReadOnlyList<object>>(StringComparer.Ordinal);
        foreach (var (key, value) in map.Entries)
        {
            if (FindSetting(key, $"{path}.when", "a condition") is not { } setting)
            {
                continue;
            }

            if (setting == swept)
            {
                scalars.Errors.Add(key.Mark, $"{path}.when.{setting.Name}", $"'{setting.Name}' cannot be its own condition");
                continue;
            }

            IReadOnlyList<YamlNode> items = value is YamlList list && setting.Type is not ModulesType ? list.Items : [value];
            var values = items.Select(item => scalars.Value(item, $"{path}.when.{setting.Name}", setting.Type)).OfType<object>().ToList();
            if (items.Count == 0)
            {
                scalars.Errors.Add(value.Mark, $"{path}.when.{setting.Name}", "an empty list of values never holds", allowed: WhenAllowed);
            }

            conditions[setting.Name] = values;
        }

        if (map.Entries.Count == 0)
        {
            scalars.Errors.Add(node.Mark, $"{path}.when", "an empty condition says nothing; remove it", allowed: WhenAllowed);
        }

        return conditions.Count == 0 ? null : conditions;
    }

    private void ReportCycles(List<Axis> axes)
    {
        var byName = axes.ToDictionary(axis => axis.Name, StringComparer.Ordinal);
        foreach (var axis in axes)
        {
            // Reachable from itself over conditions: at most 22 axes, so a plain walk will do.
            var seen = new HashSet<string>(StringComparer.Ordinal);
            var open = new Stack<string>(axis.When?.Keys ?? []);
            while (open.TryPop(out var name))
            {
                if (name == axis.Name)
                {
                    scalars.Errors.Add(
                        marks[$"grid.{axis.Name}"],
                        $"grid.{axis.Name}",
                        $"the condition of '{axis.Name}' depends on '{axis.Name}' itself");
                    break;
                }

                if (seen.Add(name) && byName.TryGetValue(name, out var next) && next.When is { } when)
                {
                    foreach (var condition in when.Keys)
                    {
                        open.Push(condition);
                    }
                }
            }
        }
    }

    private static string Show(YamlNode node) => node is YamlScalar scalar ? ErrorList.Shorten(scalar.Text) : node.Kind;
}
