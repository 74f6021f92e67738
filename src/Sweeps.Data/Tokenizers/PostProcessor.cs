using System.Text.Json;

namespace Sweeps.Data.Tokenizers;

/// <summary>Reads from tokenizer.json which special tokens stand before and after a single text.</summary>
internal static class PostProcessor
{
    public static (int[] Prefix, int[] Suffix) Read(JsonReading json, JsonElement? element)
    {
        if (element is not { } processor)
        {
            return ([], []);
        }

        string type = json.Text(processor, "type");
        switch (type)
        {
            case "ByteLevel":
                return ([], []);
            case "TemplateProcessing":
                return Template(json, processor);
            case "BertProcessing" or "RobertaProcessing":
                return ([PairId(json, processor, "cls")], [PairId(json, processor, "sep")]);
            case "Sequence":
                List<int> prefix = [], suffix = [];
                foreach (JsonElement inner in json.Array(processor, "processors").EnumerateArray())
                {
                    (int[] before, int[] after) = Read(json, inner);
                    prefix.InsertRange(0, before);
                    suffix.AddRange(after);
                }

                return ([.. prefix], [.. suffix]);
            default:
                throw json.Unsupported($"the post-processor '{type}'");
        }
    }

    private static (int[] Prefix, int[] Suffix) Template(JsonReading json, JsonElement processor)
    {
        List<int> prefix = [], suffix = [];
        bool seen = false;
        JsonElement known = json.Object(processor, "special_tokens");
        foreach (JsonElement part in json.Array(processor, "single").EnumerateArray())
        {
            if (JsonReading.Optional(part, "Sequence") is not null)
            {
                seen = !seen ? true : throw json.Unsupported("a template with the text in it twice");
            }
            else
            {
                JsonElement token = json.Object(known, json.Text(json.Object(part, "SpecialToken"), "id"));
                foreach (JsonElement id in json.Array(token, "ids").EnumerateArray())
                {
                    (seen ? suffix : prefix).Add(id.ValueKind == JsonValueKind.Number && id.TryGetInt32(out int value) ? value : throw json.Wrong("ids", "a list of integers"));
                }
            }
        }

        return seen ? ([.. prefix], [.. suffix]) : throw json.Wrong("post_processor.single", "a template with the text in it");
    }

    private static int PairId(JsonReading json, JsonElement processor, string key)
    {
        JsonElement pair = json.Array(processor, key);
        return pair.GetArrayLength() == 2 && pair[1].ValueKind == JsonValueKind.Number && pair[1].TryGetInt32(out int id)
            ? id
            : throw json.Wrong(key, "a token and its id");
    }
}
