using System.Text.Json;

namespace Sweeps.Benchmarks.Tokenizers;

/// <summary>A tokenizer that is measured.</summary>
/// <param name="Name">What the table calls it.</param>
/// <param name="Kind">Its algorithm.</param>
/// <param name="Folder">A folder that the product's loader reads.</param>
internal sealed record TokenizerSubject(string Name, string Kind, string Folder);

/// <summary>The tokenizers of the benchmark: the published ones, and two made of the texts for kinds that none of them is of.</summary>
internal static class TokenizerSubjects
{
    /// <summary>All of them whose files are there.</summary>
    public static IEnumerable<TokenizerSubject> All(string shared, string workplace, IReadOnlyList<string> texts)
    {
        var published = Path.Combine(shared, "tokenizers");
        (string Name, string Kind, (string Source, string Target)[] Files)[] copies =
        [
            ("gemma3", "BPE, byte fallback", [("gemma3_tokenizer.json", "tokenizer.json"), ("gemma3_tokenizer_config.json", "tokenizer_config.json")]),
            ("qwen3", "BPE, bytes", [("qwen3_tokenizer.json", "tokenizer.json"), ("qwen3_tokenizer_config.json", "tokenizer_config.json")]),
            ("llama3_1", "BPE, bytes", [("llama3_1_tokenizer.json", "tokenizer.json"), ("llama3_1_tokenizer_config.json", "tokenizer_config.json")]),
            ("bert_uncased", "WordPiece", [(Path.Combine("bert-base-uncased", "tokenizer.json"), "tokenizer.json")]),
            ("bert_uncased vocab.txt", "WordPiece", [(Path.Combine("bert-base-uncased", "vocab.txt"), "vocab.txt")]),
            ("spiece.model", "SentencePiece Unigram", [(Path.Combine("sentencepiece", "spiece.model"), "spiece.model")]),
            ("bytefallback.model", "SentencePiece Unigram, bytes", [(Path.Combine("sentencepiece", "test_sentencepiece_with_bytefallback.model"), "spiece.model")]),
        ];
        foreach (var (name, kind, files) in copies)
        {
            if (!files.All(file => File.Exists(Path.Combine(published, file.Source))))
            {
                Console.Error.WriteLine($"left out: {name}, its files are not in {published}");
                continue;
            }

            var folder = Directory.CreateDirectory(Path.Combine(workplace, name)).FullName;
            foreach (var (source, target) in files)
            {
                File.CreateSymbolicLink(Path.Combine(folder, target), Path.GetFullPath(Path.Combine(published, source)));
            }

            if (kind.StartsWith("SentencePiece", StringComparison.Ordinal))
            {
                File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), """{"add_bos_token": false}""");
            }

            yield return new TokenizerSubject(name, kind, folder);
        }

        yield return new TokenizerSubject("unigram of the texts", "Unigram tokenizer.json", Write(workplace, "unigram", UnigramOf(texts)));
        yield return new TokenizerSubject("words of the texts", "WordLevel", Write(workplace, "words", WordsOf(texts)));
    }

    private static string Write(string workplace, string name, object tokenizer)
    {
        var folder = Directory.CreateDirectory(Path.Combine(workplace, name)).FullName;
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), JsonSerializer.Serialize(tokenizer));
        return folder;
    }

    /// <summary>Every beginning of a word that comes five times, and every character.</summary>
    private static object UnigramOf(IReadOnlyList<string> texts)
    {
        Dictionary<string, int> counts = new(StringComparer.Ordinal);
        foreach (var word in texts.SelectMany(text => text.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Select(word => "\u2581" + word))
        {
            for (var length = 1; length <= word.Length; length++)
            {
                counts[word[..length]] = counts.GetValueOrDefault(word[..length]) + 1;
            }

            foreach (var character in word)
            {
                counts[character.ToString()] = counts.GetValueOrDefault(character.ToString()) + 1;
            }
        }

        double total = counts.Values.Sum(count => (long)count);
        return new
        {
            pre_tokenizer = new { type = "Metaspace", replacement = "\u2581", prepend_scheme = "always" },
            model = new
            {
                type = "Unigram",
                unk_id = 0,
                vocab = new object[][] { ["<unk>", 0.0] }.Concat(counts.Where(piece => piece.Value >= 5 || piece.Key.Length == 1).OrderByDescending(piece => piece.Value).ThenBy(piece => piece.Key, StringComparer.Ordinal).Select(piece => new object[] { piece.Key, Math.Log(piece.Value / total) })),
            },
        };
    }

    private static object WordsOf(IReadOnlyList<string> texts) => new
    {
        pre_tokenizer = new { type = "Whitespace" },
        model = new
        {
            type = "WordLevel",
            unk_token = "<unk>",
            vocab = texts.SelectMany(text => text.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Distinct(StringComparer.Ordinal).Prepend("<unk>").Index().ToDictionary(word => word.Item, word => word.Index),
        },
    };
}
