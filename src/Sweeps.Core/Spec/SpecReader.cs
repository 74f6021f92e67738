using System.Text;
using Sweeps.Core.Spec.Reading;
using Sweeps.Core.Spec.Settings;
using Sweeps.Core.Spec.Yaml;

namespace Sweeps.Core.Spec;

/// <summary>
/// Reads a sweep's YAML. Every error is collected with its place, what is allowed and the nearest right name; the text
/// is untrusted, so size, depth and numbers are bounded and nothing in it makes this throw. The layout: README.md beside
/// this file.
/// </summary>
public static class SpecReader
{
    /// <summary>Largest spec, bytes of UTF-8.</summary>
    public const int MaxBytes = 1 << 20;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads a file; one that is missing, unreadable, too large or not UTF-8 is an error too.</summary>
    public static SpecResult ReadFile(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            using var stream = File.OpenRead(path);
            var bytes = new byte[MaxBytes + 1];
            var count = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return count > MaxBytes
                ? Refused(path, TooLarge)
                : Read(StrictUtf8.GetString(bytes, 0, count), path);
        }
        catch (DecoderFallbackException)
        {
            return Refused(path, "the file is not UTF-8 text; save it as UTF-8");
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return Refused(path, "the file does not exist");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return Refused(path, Directory.Exists(path) ? "this is a folder; name the YAML file in it" : $"the file cannot be read: {error.Message}");
        }
    }

    /// <summary>Reads a spec.</summary>
    /// <param name="yaml">The text.</param>
    /// <param name="fileName">Its name, for messages and for the default of <c>name</c>.</param>
    public static SpecResult Read(string yaml, string fileName)
    {
        ArgumentNullException.ThrowIfNull(yaml);
        ArgumentNullException.ThrowIfNull(fileName);
        if (yaml.Length > MaxBytes || Encoding.UTF8.GetByteCount(yaml) > MaxBytes)
        {
            return Refused(fileName, TooLarge);
        }

        var errors = new ErrorList(fileName);
        var map = YamlTree.Load(yaml.TrimStart('\uFEFF'), errors);
        var spec = map is null ? null : Build(map, fileName, errors);
        return new SpecResult(errors.Count == 0 ? spec : null, errors.InOrder());
    }

    private static string TooLarge => $"the spec is larger than {MaxBytes / 1024} KiB";

    private static SpecResult Refused(string file, string problem) =>
        new(null, [new SpecError(file, 1, 1, "", problem)]);

    private static SweepSpec? Build(YamlMap map, string fileName, ErrorList errors)
    {
        var scalars = new Scalars(errors);
        var marks = new Dictionary<string, SpecMark>(StringComparer.Ordinal);
        var root = new MapReader(map, "", errors);
        var settings = new SettingsSection(scalars, marks);

        var name = root["name"] is { } given ? scalars.Text(given, "name", "the sweep's name", 64) : null;
        var data = new DataSection(scalars, marks).Read(root);
        var defaults = new TrialSettings
        {
            Base = ReadBase(root, scalars, marks),
            Template = "",
            Data = data?.Settings ?? new DataSettings { Labels = [] },
        };
        defaults = settings.Read(root, defaults);
        foreach (var section in new[] { SettingTable.Training, SettingTable.Lora })
        {
            if (root[section] is { } node && scalars.Map(node, section, $"a map with {string.Join(", ", SpecLayout.Sections[section])}") is { } body)
            {
                defaults = settings.Read(new MapReader(body, section, errors), defaults);
            }
        }

        var gridSection = new GridSection(scalars, settings, marks);
        var grid = gridSection.Read(root);
        var arms = new ArmsSection(scalars, gridSection, marks);
        if (root["template"] is null && !grid.Any(axis => axis is { Name: "template", When: null }))
        {
            errors.Add(
                SpecMark.Start,
                "template",
                "the key 'template' is missing",
                allowed: "the text that the model reads, with columns in braces, such as \"{text}\"");
        }

        var spec = new SweepSpec
        {
            Name = name ?? NameOf(fileName),
            Defaults = defaults,
            Data = data?.Spec ?? new DataSpec { Train = "" },
            Grid = grid,
            Arms = arms.ReadArms(root),
            Variants = arms.ReadVariants(root),
            ClassWeights = settings.ClassWeights,
            LabelTexts = root["label_texts"] is { } texts ? settings.LabelTexts(texts, "label_texts") : null,
            FileName = fileName,
            Marks = marks,
        };
        MultiLabelRules.Check(spec, errors);
        return new RunSection(scalars, marks).Read(root, spec);
    }

    private static string ReadBase(MapReader root, Scalars scalars, Dictionary<string, SpecMark> marks)
    {
        const string Allowed = "builtin:tiny-gemma3, or the path of a Hugging Face folder";
        if (root["base"] is not { } node)
        {
            scalars.Errors.Add(SpecMark.Start, "base", "the key 'base' is missing", allowed: Allowed);
            return "";
        }

        marks["base"] = node.Mark;
        if (scalars.Text(node, "base", Allowed) is not { } text)
        {
            return "";
        }

        if (Builtins.IsBuiltin(text) && !Builtins.Bases.Contains(text))
        {
            scalars.Refuse((YamlScalar)node, "base", Allowed, NearestName.Of(text, Builtins.Bases));
        }
        else if (Builtins.Bases.Contains(Builtins.Prefix + text))
        {
            scalars.Refuse((YamlScalar)node, "base", Allowed, Builtins.Prefix + text);
        }

        return text;
    }

    private static string NameOf(string fileName)
    {
        var stem = Path.GetFileNameWithoutExtension(fileName);
        return stem.Length == 0 ? "sweep" : stem[..Math.Min(stem.Length, 64)];
    }
}
