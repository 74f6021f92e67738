using Sweeps.Core.Spec;

namespace Sweeps.Cli.Launching;

/// <summary>Whether a spec's base is a folder at all; what is in it the trainer tells.</summary>
internal static class BaseFolder
{
    /// <summary>What is wrong with the path under <c>base</c>; null when there is such a folder.</summary>
    /// <param name="spec">The spec.</param>
    /// <param name="path">The base as an absolute path.</param>
    public static SpecError? Refusal(SweepSpec spec, string path)
    {
        const string allowed = "the path of a Hugging Face folder (config.json, tokeniser files, model.safetensors), or builtin:tiny-gemma3";
        var asked = spec.Defaults.Base;
        if (Builtins.IsBuiltin(asked) || Directory.Exists(path))
        {
            return null;
        }

        if (asked.Contains("://", StringComparison.Ordinal))
        {
            return spec.ErrorAt("base", $"'{asked}' is an address, and nothing is downloaded here: get the model first (hf download NAME --local-dir DIR), then name that folder", asked, allowed);
        }

        if (File.Exists(path))
        {
            return spec.ErrorAt("base", $"'{asked}' is a file", asked, allowed, Nearby(asked));
        }

        return spec.ErrorAt("base", $"there is no folder '{asked}'{(asked == path ? string.Empty : $" ({path})")}", asked, allowed, Sibling(asked, path));
    }

    /// <summary>Of a file in a model's folder, the folder.</summary>
    private static string? Nearby(string asked) =>
        Path.GetFileName(asked) is "config.json" or "model.safetensors" or "tokenizer.json" ? Path.GetDirectoryName(asked) is { Length: > 0 } folder ? folder : "." : null;

    private static string? Sibling(string asked, string path)
    {
        try
        {
            var parent = Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(path));
            var name = Path.GetFileName(Path.TrimEndingDirectorySeparator(path));
            var nearest = parent is null || !Directory.Exists(parent)
                ? null
                : NearestName.Of(name, Directory.EnumerateDirectories(parent).Take(1000).Select(folder => Path.GetFileName(folder)));
            return nearest is null ? NearestName.Of(asked, Builtins.Bases) : Path.Combine(Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(asked)) ?? string.Empty, nearest);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Only the hint is lost.
            return null;
        }
    }
}
