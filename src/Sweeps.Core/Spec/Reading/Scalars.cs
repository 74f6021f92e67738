using Sweeps.Core.Spec.Settings;
using Sweeps.Core.Spec.Yaml;

namespace Sweeps.Core.Spec.Reading;

/// <summary>Turns nodes into values and reports those that are none.</summary>
internal sealed class Scalars(ErrorList errors)
{
    private const int LongestText = 4_096;

    public ErrorList Errors => errors;

    /// <summary>The scalar, or null (reported) when the node is none or has no value.</summary>
    public YamlScalar? Scalar(YamlNode node, string path, string allowed)
    {
        switch (node)
        {
            case YamlScalar { HasValue: true } scalar:
                return scalar;
            case YamlBroken:
                return null;
            case YamlScalar empty:
                errors.Add(empty.Mark, path, $"'{path}' has no value; give it one or remove the line", allowed: allowed);
                return null;
            default:
                errors.Add(node.Mark, path, $"'{path}' must be a single value, this is {node.Kind}", allowed: allowed);
                return null;
        }
    }

    /// <summary>A value of the type, or null (reported).</summary>
    public object? Value(YamlNode node, string path, SettingType type)
    {
        if (Scalar(node, path, type.Allowed) is not { } scalar)
        {
            return null;
        }

        var value = type.Parse(scalar.Text);
        if (value is null)
        {
            Refuse(scalar, path, type.Allowed, NearestName.Of(scalar.Text, type.Words), Why(type, scalar.Text));
        }

        return value;
    }

    /// <summary>A text of 1 to 4,096 characters in one line, or null (reported).</summary>
    public string? Text(YamlNode node, string path, string allowed, int longest = LongestText)
    {
        if (Scalar(node, path, allowed) is not { } scalar)
        {
            return null;
        }

        if (scalar.Text.Length == 0 || scalar.Text.Length > longest || scalar.Text.Any(char.IsControl))
        {
            Refuse(scalar, path, $"{allowed}, 1 to {longest} characters without control characters");
            return null;
        }

        return scalar.Text;
    }

    /// <summary>The items, or null (reported) when the node is no list or an empty one.</summary>
    public IReadOnlyList<YamlNode>? Items(YamlNode node, string path, string allowed)
    {
        if (node is YamlList { Items.Count: > 0 } list)
        {
            return list.Items;
        }

        if (node is not YamlBroken)
        {
            var what = node is YamlList ? "an empty list" : node.Kind;
            errors.Add(node.Mark, path, $"'{path}' must be a list, this is {what}", allowed: allowed);
        }

        return null;
    }

    /// <summary>The map, an empty one for a section without a body, or null (reported).</summary>
    public YamlMap? Map(YamlNode node, string path, string allowed)
    {
        switch (node)
        {
            case YamlMap map:
                return map;
            case YamlScalar { HasValue: false } empty:
                return new YamlMap(empty.Mark, []);
            case YamlBroken:
                return null;
            default:
                errors.Add(
                    node.Mark,
                    path,
                    $"'{path}' must be a map (key: value), this is {node.Kind}",
                    (node as YamlScalar)?.Text,
                    allowed);
                return null;
        }
    }

    public void Refuse(YamlScalar scalar, string path, string allowed, string? nearest = null, string? why = null)
    {
        var shown = ErrorList.Shorten(scalar.Text);
        errors.Add(
            scalar.Mark,
            path,
            why is null ? $"'{shown}' is not a value for '{path}'" : $"{why} ('{path}')",
            shown,
            allowed,
            nearest);
    }

    private static string? Why(SettingType type, string text)
    {
        string? problem = null;
        if (type is TemplateType)
        {
            _ = TemplateSlots.Find(text, out problem);
        }

        return problem;
    }
}
