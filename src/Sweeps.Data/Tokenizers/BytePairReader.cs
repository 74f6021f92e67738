using System.Text.Json;

namespace Sweeps.Data.Tokenizers;

/// <summary>Reads the BPE parts of tokenizer.json; what it does not know it refuses, so that ids are never silently others.</summary>
internal static class BytePairReader
{
    private const string Gpt2Pattern = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    /// <summary>The merges, their tokens looked up in the vocabulary; and the settings with a splitter that suits them.</summary>
    /// <remarks>
    /// Gemma 3's text is one word to its merges. It is cut before the mark of a space wherever no merge joins across: the
    /// ids are the same, the words short, and most of them come again.
    /// </remarks>
    /// <exception cref="DataException">A merge is malformed or names a token that is not there.</exception>
    public static (BytePairMerges Merges, BytePairSettings Settings) Merges(JsonReading json, JsonElement model, Dictionary<string, int> ids, BytePairSettings settings)
    {
        if (json.OptionalText(model, "continuing_subword_prefix") is { Length: > 0 } || json.OptionalText(model, "end_of_word_suffix") is { Length: > 0 })
        {
            throw json.Unsupported("BPE with a subword prefix or word suffix");
        }

        JsonElement list = json.Array(model, "merges");
        BytePairMerges merges = new(list.GetArrayLength());
        bool cuts = settings is { ByteLevel: false, IgnoreMerges: false, SpaceMark.Length: 1 } && ids.ContainsKey(settings.SpaceMark);
        char mark = cuts ? settings.SpaceMark![0] : default;
        HashSet<char> joined = [];
        int rank = 0;
        foreach (JsonElement merge in list.EnumerateArray())
        {
            (string left, string right) = Pair(json, merge, rank);
            if (!ids.TryGetValue(left, out int a) || !ids.TryGetValue(right, out int b) || !ids.TryGetValue(left + right, out int merged))
            {
                throw json.Wrong($"model.merges[{rank}]", "a pair of tokens whose join is a token too");
            }

            merges.Add(rank++, a, b, merged);
            if (cuts && right.StartsWith(mark) && !left.EndsWith(mark) && left.Length > 0)
            {
                joined.Add(left[^1]);
                // Behind the last byte of some character, which could be any.
                cuts = left.Length < 6 || ByteAlphabet.FallbackByte(left[^6..]) is null;
            }
        }

        return (merges, cuts ? settings with { Splitter = WordSplitter.BeforeMarks(settings.Splitter, mark, joined) } : settings);
    }

    /// <summary>Normalizer, pre-tokenizer, decoder and switches.</summary>
    /// <exception cref="DataException">One of them is not supported.</exception>
    public static BytePairSettings Settings(JsonReading json, JsonElement root, JsonElement model)
    {
        (WordSplitter splitter, bool byteLevel) = Splitter(json, JsonReading.Optional(root, "pre_tokenizer"));
        return new BytePairSettings
        {
            Normalizers = NormalizerReader.Read(json, JsonReading.Optional(root, "normalizer")),
            Splitter = splitter,
            ByteLevel = byteLevel,
            ByteFallback = json.Flag(model, "byte_fallback", false),
            FuseUnknown = json.Flag(model, "fuse_unk", false),
            IgnoreMerges = json.Flag(model, "ignore_merges", false),
            SpaceMark = SpaceMark(json, JsonReading.Optional(root, "decoder"), byteLevel),
        };
    }

    private static (string Left, string Right) Pair(JsonReading json, JsonElement merge, int rank)
    {
        if (merge.ValueKind == JsonValueKind.Array && merge.GetArrayLength() == 2 && merge[0].ValueKind == JsonValueKind.String && merge[1].ValueKind == JsonValueKind.String)
        {
            return (merge[0].GetString()!, merge[1].GetString()!);
        }

        string[] parts = merge.ValueKind == JsonValueKind.String ? merge.GetString()!.Split(' ') : [];
        return parts.Length == 2 ? (parts[0], parts[1]) : throw json.Wrong($"model.merges[{rank}]", "a pair of tokens");
    }

    private static (WordSplitter Splitter, bool ByteLevel) Splitter(JsonReading json, JsonElement? element)
    {
        if (element is not { } splitter)
        {
            return (WordSplitter.None, false);
        }

        JsonElement[] steps = json.Text(splitter, "type") == "Sequence" ? [.. json.Array(splitter, "pretokenizers").EnumerateArray()] : [splitter];
        WordSplitter? words = null;
        bool byteLevel = false;
        foreach (JsonElement step in steps)
        {
            string type = json.Text(step, "type");
            bool known = !byteLevel && type switch
            {
                "Split" => words is null && !json.Flag(step, "invert", false),
                "ByteLevel" => !json.Flag(step, "add_prefix_space", true) && (words is null || !json.Flag(step, "use_regex", true)),
                _ => false,
            };
            if (!known)
            {
                throw json.Unsupported($"the pre-tokenizer '{type}' as it is set here");
            }

            if (type == "Split")
            {
                words = Split(json, step);
            }
            else
            {
                byteLevel = true;
                words ??= json.Flag(step, "use_regex", true) ? WordSplitter.Matches(Gpt2Pattern, json.File) : WordSplitter.None;
            }
        }

        return (words ?? WordSplitter.None, byteLevel);
    }

    private static WordSplitter Split(JsonReading json, JsonElement step)
    {
        JsonElement pattern = json.Object(step, "pattern");
        string behavior = json.Text(step, "behavior");
        return (behavior, json.OptionalText(pattern, "Regex"), json.OptionalText(pattern, "String")) switch
        {
            ("Isolated", { } regex, null) => WordSplitter.Matches(regex, json.File),
            ("MergedWithPrevious", null, { Length: > 0 } text) => WordSplitter.After(text),
            _ => throw json.Unsupported($"a Split pre-tokenizer of behavior '{behavior}'"),
        };
    }

    private static string? SpaceMark(JsonReading json, JsonElement? element, bool byteLevel)
    {
        if (element is not { } decoder)
        {
            return null;
        }

        JsonElement[] steps = json.Text(decoder, "type") == "Sequence" ? [.. json.Array(decoder, "decoders").EnumerateArray()] : [decoder];
        string? mark = null;
        foreach (JsonElement step in steps)
        {
            switch (json.Text(step, "type"))
            {
                case "ByteLevel" when byteLevel:
                case "ByteFallback" when !byteLevel:
                case "Fuse" when !byteLevel:
                    break;
                case "Replace" when !byteLevel && mark is null && json.Text(step, "content") == " ":
                    mark = json.Text(json.Object(step, "pattern"), "String");
                    break;
                case var other:
                    throw json.Unsupported($"the decoder '{other}' as it is set here");
            }
        }

        return mark is { Length: 0 } ? throw json.Wrong("decoder.pattern", "a text") : mark;
    }
}
