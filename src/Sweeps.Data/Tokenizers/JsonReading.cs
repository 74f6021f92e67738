using System.Text.Json;

namespace Sweeps.Data.Tokenizers;

/// <summary>Strict reading of tokenizer.json: a value of another kind is an error that names its key.</summary>
internal sealed class JsonReading(string file)
{
    public string File { get; } = file;

    public static JsonElement? Optional(JsonElement parent, string key) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public JsonElement Object(JsonElement parent, string key) => Kind(parent, key, JsonValueKind.Object, "an object");

    public JsonElement Array(JsonElement parent, string key) => Kind(parent, key, JsonValueKind.Array, "a list");

    public string Text(JsonElement parent, string key) => Kind(parent, key, JsonValueKind.String, "a text").GetString()!;

    public string? OptionalText(JsonElement parent, string key) => Optional(parent, key) is null ? null : Text(parent, key);

    public int Number(JsonElement parent, string key) =>
        Kind(parent, key, JsonValueKind.Number, "an integer").TryGetInt32(out int value) ? value : throw Wrong(key, "a 32-bit integer");

    public bool Flag(JsonElement parent, string key, bool otherwise) => Optional(parent, key) switch
    {
        null => otherwise,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        _ => throw Wrong(key, "true or false"),
    };

    public Dictionary<string, int> Vocabulary(JsonElement parent, string key)
    {
        Dictionary<string, int> ids = new(StringComparer.Ordinal);
        foreach (JsonProperty entry in Object(parent, key).EnumerateObject())
        {
            if (entry.Value.ValueKind != JsonValueKind.Number || !entry.Value.TryGetInt32(out int id) || !ids.TryAdd(entry.Name, id))
            {
                throw Wrong($"{key}.{entry.Name}", "an integer, each token once");
            }
        }

        return ids;
    }

    /// <summary>An added token as tokenizer.json and tokenizer_config.json write it.</summary>
    public AddedToken Added(int id, JsonElement token) => new(
        id,
        Text(token, "content"),
        Flag(token, "special", false),
        Flag(token, "lstrip", false),
        Flag(token, "rstrip", false),
        Flag(token, "single_word", false));

    public DataException Wrong(string key, string expected) =>
        new(File, null, $"'{key}' is not {expected}", "Take the file from the model's source again");

    public DataException Unsupported(string what) =>
        new(File, null, $"{what} is not supported", "Supported are WordLevel with a Whitespace pre-tokenizer, WordPiece as BERT uses it, BPE as Gemma 3, Qwen3 and Llama 3 use it, and Unigram as T5 uses it");

    private JsonElement Kind(JsonElement parent, string key, JsonValueKind kind, string expected) =>
        Optional(parent, key) is { } value && value.ValueKind == kind ? value : throw Wrong(key, expected);
}
