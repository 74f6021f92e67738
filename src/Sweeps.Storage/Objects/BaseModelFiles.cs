using System.Text.Json;

namespace Sweeps.Storage.Objects;

/// <summary>Which files of a Hugging Face folder a trainer reads, and what is missing in it.</summary>
internal static class BaseModelFiles
{
    private const string Config = "config.json";
    private const string Weights = "model.safetensors";
    private const string Index = "model.safetensors.index.json";
    private const string Suffix = ".safetensors";

    /// <summary>An index larger than this is no index (the largest published ones have some 100 KB).</summary>
    private const long MaxIndexBytes = 16 << 20;

    private static readonly string[] Tokenizers = ["tokenizer.json", "vocab.txt", "spiece.model", "spm.model", "tokenizer.model", "sentencepiece.bpe.model"];

    private static readonly string[] Optional =
    [
        "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "merges.txt", "vocab.json",
        "generation_config.json", "modules.json", "sentence_bert_config.json", "1_Pooling/config.json", "chat_template.jinja",
    ];

    /// <summary>The files, relative to the folder, in a fixed order.</summary>
    /// <exception cref="InvalidDataException">Something is missing; the message says the fix.</exception>
    public static IReadOnlyList<string> In(string folder)
    {
        if (!Has(folder, Config))
        {
            throw Missing(folder, $"no {Config}", "give the folder of a Hugging Face model (the one that holds config.json)");
        }

        var tokenizers = Tokenizers.Where(t => Has(folder, t)).ToList();
        if (tokenizers.Count == 0)
        {
            throw Missing(
                folder, $"no tokeniser ({string.Join(", ", Tokenizers)})", "copy the model's tokeniser files beside config.json");
        }

        return [Config, .. tokenizers, .. WeightsOf(folder), .. Optional.Where(o => Has(folder, o))];
    }

    private static List<string> WeightsOf(string folder)
    {
        if (Has(folder, Index))
        {
            var shards = Shards(folder);
            return shards.FirstOrDefault(s => !Has(folder, s)) is { } absent
                ? throw Missing(folder, $"no {absent}, which {Index} names", "download the model again, all its shards")
                : [Index, .. shards];
        }

        if (Has(folder, Weights))
        {
            return [Weights];
        }

        var found = Directory.EnumerateFiles(folder, $"*{Suffix}").Select(f => Path.GetFileName(f)!)
            .Order(StringComparer.Ordinal).ToList();
        return found.Count switch
        {
            1 => found,
            0 when Directory.EnumerateFiles(folder, "*.bin").Any() => throw Missing(
                folder,
                "weights only as .bin (pickle), which is never read",
                "save them as safetensors: model.save_pretrained(folder, safe_serialization=True)"),
            0 => throw Missing(folder, $"no *{Suffix}", "download the model with its weights"),
            _ => throw Missing(
                folder, $"{found.Count} *{Suffix} files but no {Index}", $"add the index, or leave only one {Suffix} file"),
        };
    }

    private static List<string> Shards(string folder)
    {
        var path = Path.Combine(folder, Index);
        if (new FileInfo(path).Length > MaxIndexBytes)
        {
            throw Missing(folder, $"an {Index} of more than 16 MB", "download the model again");
        }

        try
        {
            using var stream = File.OpenRead(path);
            using var document = JsonDocument.Parse(stream, new JsonDocumentOptions { MaxDepth = 16 });
            var shards = document.RootElement.GetProperty("weight_map").EnumerateObject()
                .Select(p => p.Value.GetString() ?? string.Empty)
                .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
            return shards.Find(s => s != Path.GetFileName(s) || !s.EndsWith(Suffix, StringComparison.Ordinal)) is { } odd
                ? throw Missing(
                    folder,
                    $"an {Index} that names '{odd}', which is not a {Suffix} file beside it",
                    "download the model again")
                : shards;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw Missing(folder, $"an {Index} that cannot be read ({e.Message})", "download the model again");
        }
    }

    private static bool Has(string folder, string file) => File.Exists(Path.Combine(folder, file));

    private static InvalidDataException Missing(string folder, string what, string fix) =>
        new($"base '{folder}' has {what}: {fix}");
}
