using Sweeps.Core.Spec.Settings;
using Sweeps.Core.Spec.Yaml;

namespace Sweeps.Core.Spec.Reading;

/// <summary>The fixed settings of the top level, <c>training</c> and <c>lora</c>.</summary>
internal sealed class SettingsSection(Scalars scalars, Dictionary<string, SpecMark> marks)
{
    private static readonly NumberType WeightType = new(0, 1e6, minIsOpen: true);

    /// <summary>The weights, when <c>class_weights</c> is a map.</summary>
    public IReadOnlyDictionary<string, double>? ClassWeights { get; private set; }

    /// <summary>The settings with everything that this section fixes.</summary>
    public TrialSettings Read(MapReader section, TrialSettings settings)
    {
        foreach (var setting in SettingTable.All.Where(setting => setting.Section == section.Path))
        {
            if (section[setting.Name] is not { } node)
            {
                continue;
            }

            marks[setting.Path] = node.Mark;
            if (setting.Name == "class_weights" && node is YamlMap weights)
            {
                ClassWeights = ReadWeights(weights, setting.Path);
                settings = settings with { ClassWeights = "custom" };
            }
            else if (setting.Type is ModulesType && node is YamlList list)
            {
                if (ModuleNames(list, setting.Path) is { } names)
                {
                    settings = setting.With(settings, names);
                }
            }
            else if (scalars.Value(node, setting.Path, setting.Type) is { } value)
            {
                settings = setting.With(settings, value);
            }
        }

        return settings;
    }

    /// <summary>A list of module names as the one value of its type; null (reported) when it is none.</summary>
    public object? ModuleNames(YamlList list, string path)
    {
        var type = new ModulesType();
        var names = new List<string>();
        foreach (var item in list.Items)
        {
            if (scalars.Value(item, path, type) is not string name)
            {
                return null;
            }

            names.Add(name);
        }

        var value = type.Parse(string.Join(',', names));
        if (value is null)
        {
            scalars.Errors.Add(
                list.Mark,
                path,
                $"'{path}' must name at least one module, and all-linear stands alone",
                allowed: type.Allowed);
        }

        return value;
    }

    /// <summary>Label to text.</summary>
    public Dictionary<string, string>? LabelTexts(YamlNode node, string path)
    {
        marks[path] = node.Mark;
        if (scalars.Map(node, path, "a map from label to its text") is not { } map)
        {
            return null;
        }

        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        var owners = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in map.Entries)
        {
            if (scalars.Text(value, $"{path}.{key.Text}", "the label's text", 256) is not { } text)
            {
                continue;
            }

            if (!owners.TryAdd(text, key.Text))
            {
                scalars.Errors.Add(
                    value.Mark,
                    $"{path}.{key.Text}",
                    $"the labels '{ErrorList.Shorten(owners[text])}' and '{ErrorList.Shorten(key.Text)}' have the same text",
                    ErrorList.Shorten(text),
                    "a different text for each label");
            }

            texts[key.Text] = text;
            marks[$"{path}.{key.Text}"] = key.Mark;
        }

        return texts.Count == 0 ? null : texts;
    }

    private Dictionary<string, double> ReadWeights(YamlMap map, string path)
    {
        var weights = new Dictionary<string, double>(StringComparer.Ordinal);
        if (map.Entries.Count == 0)
        {
            scalars.Errors.Add(
                map.Mark,
                path,
                $"'{path}' is an empty map",
                allowed: "none, balanced, or a map from each label to its weight");
        }

        foreach (var (key, value) in map.Entries)
        {
            marks[$"{path}.{key.Text}"] = key.Mark;
            if (scalars.Value(value, $"{path}.{key.Text}", WeightType) is double weight)
            {
                weights[key.Text] = weight;
            }
        }

        return weights;
    }
}
