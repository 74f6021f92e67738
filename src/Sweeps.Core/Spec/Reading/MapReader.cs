using Sweeps.Core.Spec.Yaml;

namespace Sweeps.Core.Spec.Reading;

/// <summary>One section: knows its keys, reports all others with the nearest right name.</summary>
internal sealed class MapReader
{
    private readonly Dictionary<string, YamlNode> _values = new(StringComparer.Ordinal);

    /// <param name="map">The section.</param>
    /// <param name="layout">Which section of <see cref="SpecLayout"/> it is.</param>
    /// <param name="errors">Takes what is wrong.</param>
    /// <param name="path">Where it stands; null: where its layout says.</param>
    public MapReader(YamlMap map, string layout, ErrorList errors, string? path = null)
    {
        path ??= layout;
        Mark = map.Mark;
        Path = path;
        var keys = SpecLayout.Sections[layout];
        foreach (var (key, value) in map.Entries)
        {
            if (keys.Contains(key.Text))
            {
                _values[key.Text] = value;
            }
            else
            {
                ReportUnknown(key, path, keys, errors);
            }
        }
    }

    public SpecMark Mark { get; }

    public string Path { get; }

    public YamlNode? this[string key] => _values.GetValueOrDefault(key);

    public string PathOf(string key) => Path.Length == 0 ? key : $"{Path}.{key}";

    private static void ReportUnknown(YamlScalar key, string path, IReadOnlyList<string> keys, ErrorList errors)
    {
        var here = path.Length == 0 ? "the top level" : $"'{path}'";
        var shown = ErrorList.Shorten(key.Text);
        var full = path.Length == 0 ? key.Text : $"{path}.{key.Text}";
        var other = SpecLayout.SectionOf(key.Text);
        if (other is not null)
        {
            var where = other.Length == 0 ? "the top level" : $"'{other}'";
            errors.Add(
                key.Mark,
                full,
                $"'{shown}' does not belong in {here} but in {where}",
                nearest: other.Length == 0 ? key.Text : $"{other}.{key.Text}");
            return;
        }

        var nearest = NearestName.Of(key.Text, keys);
        if (nearest is null && NearestName.Of(key.Text, SpecLayout.AllPaths.Keys) is { } elsewhere)
        {
            nearest = SpecLayout.AllPaths[elsewhere];
        }

        errors.Add(key.Mark, full, $"'{shown}' is not a key of {here}", allowed: string.Join(", ", keys), nearest: nearest);
    }
}
