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
                if (ModuleNames(list, setting.Path, setting.Type) is { } names)
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
    public object? ModuleNames(YamlList list, string path, SettingType type)
    {
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
                $"'{path}' must name at least one module, and a word such as all-linear stands alone",
                allowed: type.Allowed);
        }

        return value;
    }

    /// <summary>Label to its text, or to a list of them.</summary>
    public Dictionary<string, LabelText>? LabelTexts(YamlNode node, string path)
    {
        marks[path] = node.Mark;
        if (scalars.Map(node, path, "a map from label to its text or to a list of texts") is not { } map)
        {
            return null;
        }

        var texts = new Dictionary<string, LabelText>(StringComparer.Ordinal);
        var owners = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in map.Entries)
        {
            var own = $"{path}.{key.Text}";
            marks[own] = key.Mark;
            IReadOnlyList<YamlNode>? items = value is YamlList ? scalars.Items(value, own, "at least one text") : [value];
            var given = (items ?? []).Select(item => LabelText(item, key, own, owners)).OfType<string>().ToList();
            if (given.Count > 0)
            {
                texts[key.Text] = new LabelText(given);
            }
        }

        return texts.Count == 0 ? null : texts;
    }

    private string? LabelText(YamlNode node, YamlScalar label, string path, Dictionary<string, string> owners)
    {
        if (scalars.Text(node, path, "the label's text", 256) is not { } text)
        {
            return null;
        }

        if (owners.TryAdd(text, label.Text))
        {
            return text;
        }

        var owner = owners[text];
        scalars.Errors.Add(
            node.Mark,
            path,
            owner == label.Text
                ? $"the text '{ErrorList.Shorten(text)}' stands twice for the label '{ErrorList.Shorten(owner)}'"
                : $"the labels '{ErrorList.Shorten(owner)}' and '{ErrorList.Shorten(label.Text)}' have the same text",
            ErrorList.Shorten(text),
            "a different text for each label");
        return null;
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
