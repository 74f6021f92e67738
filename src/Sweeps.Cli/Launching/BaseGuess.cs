using System.Globalization;
using System.Text.Json;
using Sweeps.Core.Api;
using Sweeps.Core.Spec;
using Sweeps.Data.Readers;
using Sweeps.Data.Templates;
using Sweeps.Data.Tokenizers;

namespace Sweeps.Cli.Launching;

/// <summary>A base model for data that nobody has tried yet.</summary>
/// <param name="Base">What to write under <c>base:</c>.</param>
/// <param name="IsTiny">Whether it is the built-in one, which takes far larger learning rates than a real model.</param>
/// <param name="Found">Whether it is on this machine.</param>
/// <param name="Why">A sentence for the comment.</param>
/// <param name="Family">Its <c>model_type</c>; null: not known.</param>
internal sealed record BaseGuess(string Base, bool IsTiny, bool Found, string Why, string? Family = null)
{
    private const string TinyFamily = "gemma3_text";

    /// <summary>The built-in base when it knows the words; else the smallest supported model in Hugging Face's cache.</summary>
    public static BaseGuess Make(DataTable table, string template, TrainerTool trainer)
    {
        var tiny = Builtins.Bases[0];
        var texts = TextTemplate.Parse(template);
        var share = UnknownShare.Of(TokenizerLoader.Load(trainer.BaseFolder(tiny)), table.Rows.Take(2000).Select(r => texts.Render(r))).Value;
        if (share <= UnknownShare.Limit)
        {
            return new BaseGuess(tiny, IsTiny: true, Found: true, "the built-in tiny base knows these words", TinyFamily);
        }

        var unknown = $"the built-in tiny base {(share > 0.995 ? "knows none of these words" : string.Create(CultureInfo.InvariantCulture, $"does not know {100 * share:0.#} % of these words"))}";
        var cached = Cached(CacheFolder()).OrderBy(c => c.Bytes).FirstOrDefault();
        return cached.Folder is not null
            ? new BaseGuess(cached.Folder, IsTiny: false, Found: true, $"found in Hugging Face's cache ({cached.Family}); {unknown}", cached.Family)
            : new BaseGuess("all-MiniLM-L6-v2", IsTiny: false, Found: false, $"{unknown}, and Hugging Face's cache holds no model of a known family", "bert");
    }

    /// <summary>The base that a person named: a built-in one, or a Hugging Face folder (then its absolute path).</summary>
    /// <exception cref="CliException">It is neither.</exception>
    public static BaseGuess Asked(string named)
    {
        if (Builtins.Bases.Contains(named, StringComparer.Ordinal))
        {
            return new BaseGuess(named, IsTiny: true, Found: true, "as asked", TinyFamily);
        }

        const string allowed = "--base is a Hugging Face folder (config.json, tokeniser files, model.safetensors), or builtin:tiny-gemma3";
        if (!Directory.Exists(named))
        {
            throw new CliException($"there is no folder {named}", ExitCodes.BadInput, allowed);
        }

        if (!File.Exists(Path.Combine(named, "config.json")))
        {
            throw new CliException($"{named} is no model: it has no config.json", ExitCodes.BadInput, allowed);
        }

        var family = Read(Path.Combine(named, "config.json")).Family;
        return family is null || FamilyTraits.All.Contains(family)
            ? new BaseGuess(Path.GetFullPath(named), IsTiny: false, Found: true, family is null ? "as asked" : $"as asked ({family})", family)
            : throw new CliException(
                $"{Path.Combine(named, "config.json")}: model_type '{family}' is not known{(NearestName.Of(family, FamilyTraits.All) is { } nearest ? $"; did you mean '{nearest}'?" : string.Empty)}",
                ExitCodes.BadInput,
                $"a base is one of {string.Join(", ", FamilyTraits.All)}");
    }

    /// <summary>Where Hugging Face's programs keep what they downloaded.</summary>
    private static string CacheFolder() => Environment.GetEnvironmentVariable("HF_HOME") is { Length: > 0 } home
        ? Path.Combine(home, "hub")
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "huggingface", "hub");

    /// <summary>The whole models of known families below a folder; one in 4 bits, which cannot be trained in full, is left out.</summary>
    internal static IEnumerable<(string Folder, string Family, long Bytes)> Cached(string root)
    {
        if (!Directory.Exists(root))
        {
            yield break;
        }

        foreach (var config in Directory.EnumerateFiles(root, "config.json", new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 4, IgnoreInaccessible = true }))
        {
            var folder = new DirectoryInfo(Path.GetDirectoryName(config)!);
            var weights = folder.EnumerateFiles("*.safetensors").Sum(f => f.Length);
            var reads = folder.EnumerateFiles().Any(f => f.Name is "tokenizer.json" or "vocab.txt" || f.Extension == ".model");
            if (weights > 0 && reads && Read(config) is { Family: { } family, IsQuantised: false } && FamilyTraits.All.Contains(family))
            {
                yield return (folder.FullName, family, weights);
            }
        }
    }

    private static (string? Family, bool IsQuantised) Read(string config)
    {
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllText(config));
            return json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("model_type", out var type) && type.ValueKind == JsonValueKind.String
                ? (type.GetString(), json.RootElement.TryGetProperty("quantization_config", out _))
                : default;
        }
        catch (Exception e) when (e is JsonException or IOException)
        {
            return default;
        }
    }
}
