using System.Text.Json;

namespace Sweeps.Data.Tokenizers.SentencePiece;

/// <summary>Reads the Unigram parts of tokenizer.json; what it does not know it refuses.</summary>
internal static class UnigramReader
{
    /// <summary>The pieces by id, with their scores.</summary>
    /// <exception cref="DataException">The list is malformed.</exception>
    public static IReadOnlyList<(string Text, double Score)> Pieces(JsonReading json, JsonElement model)
    {
        List<(string, double)> pieces = [];
        foreach (JsonElement entry in json.Array(model, "vocab").EnumerateArray())
        {
            bool right = entry.ValueKind == JsonValueKind.Array && entry.GetArrayLength() == 2 && entry[0].ValueKind == JsonValueKind.String && entry[1].ValueKind == JsonValueKind.Number;
            pieces.Add(right ? (entry[0].GetString()!, entry[1].GetDouble()) : throw json.Wrong($"model.vocab[{pieces.Count}]", "a token and its score"));
        }

        return pieces.Count > 0 ? pieces : throw json.Wrong("model.vocab", "a list of tokens and scores");
    }

    /// <summary>The id of the unknown piece.</summary>
    /// <exception cref="DataException">It is missing or out of range.</exception>
    public static int UnknownId(JsonReading json, JsonElement model, int pieces)
    {
        int id = json.Number(model, "unk_id");
        return (uint)id < (uint)pieces ? id : throw json.Wrong("model.unk_id", "the place of a token in the vocabulary");
    }

    /// <summary>Normalizer, pre-tokenizer, decoder and switches.</summary>
    /// <exception cref="DataException">One of them is not supported.</exception>
    public static UnigramSettings Settings(JsonReading json, JsonElement root, JsonElement model)
    {
        UnigramSettings settings = new()
        {
            Normalizers = NormalizerReader.Read(json, JsonReading.Optional(root, "normalizer")),
            ByteFallback = json.Flag(model, "byte_fallback", false),
        };
        foreach (JsonElement step in Steps(json, JsonReading.Optional(root, "pre_tokenizer"), "pretokenizers"))
        {
            settings = json.Text(step, "type") switch
            {
                "WhitespaceSplit" when settings.Mark is null => settings with { SplitWhiteSpace = true },
                "Metaspace" when settings.Mark is null => settings with
                {
                    Mark = Mark(json, step),
                    Prepend = Scheme(json, step),
                    SplitAtMarks = json.Flag(step, "split", true),
                },
                var other => throw json.Unsupported($"the pre-tokenizer '{other}' as it is set here for Unigram"),
            };
        }

        foreach (JsonElement step in Steps(json, JsonReading.Optional(root, "decoder"), "decoders"))
        {
            settings = json.Text(step, "type") switch
            {
                "Metaspace" when settings.DecodeMark is null => settings with { DecodeMark = Mark(json, step).ToString(), DropsFirstMarks = Scheme(json, step) != Prepend.Never },
                "Replace" when settings.DecodeMark is null && json.Text(step, "content") == " " => settings with { DecodeMark = json.Text(json.Object(step, "pattern"), "String") },
                "ByteFallback" or "Fuse" => settings,
                var other => throw json.Unsupported($"the decoder '{other}' as it is set here for Unigram"),
            };
        }

        return settings.DecodeMark is { Length: 0 } ? throw json.Wrong("decoder.pattern", "a text") : settings;
    }

    private static IEnumerable<JsonElement> Steps(JsonReading json, JsonElement? element, string list) => element switch
    {
        null => [],
        { } one when json.Text(one, "type") == "Sequence" => json.Array(one, list).EnumerateArray().SelectMany(inner => Steps(json, inner, list)),
        { } one => [one],
    };

    private static char Mark(JsonReading json, JsonElement step) =>
        json.Text(step, "replacement") is [var mark] ? mark : throw json.Wrong("replacement", "one character");

    private static Prepend Scheme(JsonReading json, JsonElement step) => json.OptionalText(step, "prepend_scheme") switch
    {
        "never" => Prepend.Never,
        "first" => Prepend.First,
        "always" or null => json.Flag(step, "add_prefix_space", true) ? Prepend.Always : Prepend.Never,
        _ => throw json.Wrong("prepend_scheme", "always, first or never"),
    };
}
