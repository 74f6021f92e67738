using Sweeps.Core.Spec.Settings;
using Sweeps.Core.Spec.Yaml;

namespace Sweeps.Core.Spec.Reading;

/// <summary>The sections <c>arms</c> and <c>variants</c>: what stands beside the grid.</summary>
internal sealed class ArmsSection(Scalars scalars, GridSection grid, Dictionary<string, SpecMark> marks)
{
    private const int MaxEntries = 100;
    private const string ArmAllowed = "settings such as {method: zero-shot, head: label-tokens}, or {external: {macro_f1: 0.9}}";
    private const string VariantAllowed = "a map with multiply_logit, add_log_prior, temperature or constrained";
    private static readonly NumberType Score = new(0, 1);
    private static readonly NumberType Loss = new(0, 1e6);
    private static readonly NumberType Factor = new(-1e6, 1e6);
    private static readonly TemperatureType Temperature = new();

    public IReadOnlyList<ArmSpec> ReadArms(MapReader root) =>
        Named(root, "arms", "a map from a name to the arm", (name, body, path) =>
        {
            if (body.Entries.FirstOrDefault(entry => entry.Key.Text == "external") is { Value: not null } external)
            {
                foreach (var (key, _) in body.Entries.Where(entry => entry.Key.Text != "external"))
                {
                    scalars.Errors.Add(key.Mark, $"{path}.{key.Text}", "an external result has no settings; remove the line");
                }

                return ReadExternal(name, external.Value, $"{path}.external") is { } result ? new ArmSpec(name, [], result) : null;
            }

            var settings = new List<KeyValuePair<string, object>>();
            foreach (var (key, value) in body.Entries)
            {
                if (grid.FindSetting(key, path, "an arm's own") is { } setting && grid.Value(setting, value, $"{path}.{setting.Name}") is { } given)
                {
                    marks[$"{path}.{setting.Name}"] = value.Mark;
                    settings.Add(new(setting.Name, given));
                }
            }

            if (body.Entries.Count == 0)
            {
                scalars.Errors.Add(body.Mark, path, $"the arm '{name}' says nothing", allowed: ArmAllowed);
            }

            return new ArmSpec(name, settings);
        });

    public IReadOnlyList<VariantSpec> ReadVariants(MapReader root) =>
        Named(root, "variants", "a map from a name to the variant", ReadVariant);

    private VariantSpec? ReadVariant(string name, YamlMap body, string path)
    {
        if (name == VariantSettings.Plain)
        {
            scalars.Errors.Add(marks[path], path, $"'{VariantSettings.Plain}' is the decision without any variant; choose another name");
        }

        var section = new MapReader(body, SpecLayout.Variant, scalars.Errors, path);
        var factors = section["multiply_logit"] is { } map ? ReadFactors(map, $"{path}.multiply_logit") : null;
        var prior = Value(section, "add_log_prior", Factor) is double times ? times : 0;
        var temperature = Value(section, "temperature", Temperature);
        var constrained = Value(section, "constrained", new SwitchType()) as bool?;
        var rest = new VariantSettings
        {
            Name = name,
            AddLogPrior = prior,
            Temperature = temperature as double?,
            FitsTemperature = temperature is TemperatureType.Fit,
            Constrained = constrained,
        };
        var changesScores = factors is not null || rest.UsesScores;
        if (body.Entries.Count == 0)
        {
            scalars.Errors.Add(body.Mark, path, $"the variant '{name}' changes nothing", allowed: VariantAllowed);
        }
        else if (changesScores && constrained is not null)
        {
            scalars.Errors.Add(
                section["constrained"]!.Mark,
                $"{path}.constrained",
                $"the variant '{name}' changes scores, which are those of the labels in any case; give 'constrained' a variant of its own");
        }

        return new VariantSpec(name, factors, rest);
    }

    private ExternalResult? ReadExternal(string name, YamlNode node, string path)
    {
        const string Allowed = "a map with macro_f1, accuracy or loss, or the path of a file with a prediction for each test row";
        if (node is YamlScalar { HasValue: true })
        {
            return scalars.Text(node, path, Allowed) is { } file ? new ExternalResult(name, null, null, null, file) : null;
        }

        if (scalars.Map(node, path, Allowed) is not { } map)
        {
            return null;
        }

        var section = new MapReader(map, SpecLayout.External, scalars.Errors, path);
        var result = new ExternalResult(
            name, Value(section, "macro_f1", Score) as double?, Value(section, "accuracy", Score) as double?, Value(section, "loss", Loss) as double?);
        if (map.Entries.Count == 0)
        {
            scalars.Errors.Add(node.Mark, path, $"the external result '{name}' has no metric", allowed: "at least one of macro_f1, accuracy and loss");
        }

        return result;
    }

    private Dictionary<string, double>? ReadFactors(YamlNode node, string path)
    {
        if (scalars.Map(node, path, "a map from a label to its factor") is not { } map)
        {
            return null;
        }

        marks[path] = node.Mark;
        var factors = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var (key, value) in map.Entries)
        {
            marks[$"{path}.{key.Text}"] = key.Mark;
            if (scalars.Value(value, $"{path}.{key.Text}", Factor) is double factor)
            {
                factors[key.Text] = factor;
            }
        }

        if (map.Entries.Count == 0)
        {
            scalars.Errors.Add(node.Mark, path, $"'{path}' is an empty map", allowed: "a map from a label to its factor");
        }

        return factors;
    }

    private List<T> Named<T>(MapReader root, string key, string allowed, Func<string, YamlMap, string, T?> read)
        where T : class
    {
        if (root[key] is not { } node || scalars.Map(node, key, allowed) is not { } map)
        {
            return [];
        }

        if (map.Entries.Count > MaxEntries)
        {
            scalars.Errors.Add(map.Entries[MaxEntries].Key.Mark, key, $"'{key}' has {map.Entries.Count} entries, the limit is {MaxEntries}");
            return [];
        }

        var found = new List<T>();
        foreach (var (name, value) in map.Entries)
        {
            var path = $"{key}.{name.Text}";
            marks[path] = name.Mark;
            if (scalars.Text(name, key, "a name", 40) is { } text && scalars.Map(value, path, key == "arms" ? ArmAllowed : VariantAllowed) is { } body
                && read(text, body, path) is { } entry)
            {
                found.Add(entry);
            }
        }

        return found;
    }

    private object? Value(MapReader section, string key, SettingType type) =>
        section[key] is { } node ? scalars.Value(node, section.PathOf(key), type) : null;

    /// <summary>A temperature, or the word that asks for the one that fits.</summary>
    private sealed class TemperatureType : SettingType
    {
        public const string Fit = "fit";

        private static readonly NumberType Number = new(0, 1e3, minIsOpen: true);

        public override string Allowed => $"{Fit} (on the validation rows), or {Number.Allowed}";

        public override IReadOnlyList<string> Words { get; } = [Fit];

        public override object? Parse(string text) => text == Fit ? Fit : Number.Parse(text);
    }
}
