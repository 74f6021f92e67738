using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Sweeps.Data.Campaigns;

/// <summary>
/// Writes the tokenizer of the built-in base model as a Hugging Face folder: tokenizer.json (WordLevel, Whitespace
/// pre-tokenizer, &lt;bos&gt; in front), tokenizer_config.json and special_tokens_map.json.
/// </summary>
public static class CampaignTokenizer
{
    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Writes the three files, replacing them. The same bytes each time.</summary>
    /// <param name="folder">Where; made if need be.</param>
    /// <param name="maxLength">Most tokens that the model takes.</param>
    public static void Write(string folder, int maxLength = 64)
    {
        Directory.CreateDirectory(folder);
        WriteFile(folder, "tokenizer.json", Tokenizer());
        WriteFile(folder, "tokenizer_config.json", new JsonObject
        {
            ["add_bos_token"] = true,
            ["add_eos_token"] = false,
            ["bos_token"] = "<bos>",
            ["clean_up_tokenization_spaces"] = false,
            ["eos_token"] = "<eos>",
            ["model_max_length"] = maxLength,
            ["pad_token"] = "<pad>",
            ["padding_side"] = "right",
            ["tokenizer_class"] = "PreTrainedTokenizerFast",
            ["unk_token"] = "<unk>",
        });
        WriteFile(folder, "special_tokens_map.json", new JsonObject
        {
            ["bos_token"] = "<bos>",
            ["eos_token"] = "<eos>",
            ["pad_token"] = "<pad>",
            ["unk_token"] = "<unk>",
        });
    }

    private static JsonObject Tokenizer() => new()
    {
        ["version"] = "1.0",
        ["truncation"] = null,
        ["padding"] = null,
        ["added_tokens"] = new JsonArray([.. CampaignWords.Specials.Select(static (content, id) => new JsonObject
        {
            ["id"] = id,
            ["content"] = content,
            ["single_word"] = false,
            ["lstrip"] = false,
            ["rstrip"] = false,
            ["normalized"] = false,
            ["special"] = true,
        })]),
        ["normalizer"] = null,
        ["pre_tokenizer"] = new JsonObject { ["type"] = "Whitespace" },
        ["post_processor"] = new JsonObject
        {
            ["type"] = "TemplateProcessing",
            ["single"] = new JsonArray(Special(0), Sequence("A", 0)),
            ["pair"] = new JsonArray(Special(0), Sequence("A", 0), Special(1), Sequence("B", 1)),
            ["special_tokens"] = new JsonObject
            {
                ["<bos>"] = new JsonObject { ["id"] = "<bos>", ["ids"] = new JsonArray(1), ["tokens"] = new JsonArray("<bos>") },
            },
        },
        ["decoder"] = null,
        ["model"] = new JsonObject
        {
            ["type"] = "WordLevel",
            ["vocab"] = new JsonObject(CampaignWords.Vocabulary.Select(static (word, id) => KeyValuePair.Create(word, (JsonNode?)JsonValue.Create(id)))),
            ["unk_token"] = "<unk>",
        },
    };

    private static JsonObject Special(int type) => new() { ["SpecialToken"] = new JsonObject { ["id"] = "<bos>", ["type_id"] = type } };

    private static JsonObject Sequence(string id, int type) => new() { ["Sequence"] = new JsonObject { ["id"] = id, ["type_id"] = type } };

    private static void WriteFile(string folder, string name, JsonObject content) =>
        File.WriteAllText(Path.Combine(folder, name), content.ToJsonString(Indented) + "\n");
}
