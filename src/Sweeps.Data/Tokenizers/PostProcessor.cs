using System.Text.Json;

namespace Sweeps.Data.Tokenizers;

/// <summary>The special tokens around one text and around two.</summary>
internal sealed record TextFrame(int[] Prefix, int[] Suffix, PairPart[] Pair)
{
    public static TextFrame None { get; } = new([], [], PairPart.Plain);
}

/// <summary>Reads from tokenizer.json which special tokens stand around a text and around a pair of texts.</summary>
internal static class PostProcessor
{
    public static TextFrame Read(JsonReading json, JsonElement? element)
    {
        if (element is not { } processor)
        {
            return TextFrame.None;
        }

        string type = json.Text(processor, "type");
        switch (type)
        {
            case "ByteLevel":
                return TextFrame.None;
            case "TemplateProcessing":
                return Template(json, processor);
            case "BertProcessing" or "RobertaProcessing":
                (int cls, int sep) = (NamedId(json, processor, "cls"), NamedId(json, processor, "sep"));
                return new TextFrame([cls], [sep], type == "BertProcessing" ? PairPart.Bert(cls, sep) : PairPart.Roberta(cls, sep));
            case "Sequence":
                TextFrame[] frames = [.. json.Array(processor, "processors").EnumerateArray().Select(inner => Read(json, inner)).Where(static frame => frame != TextFrame.None)];
                return frames.Length <= 1 ? frames.FirstOrDefault(TextFrame.None) : throw json.Unsupported("a sequence of several post-processors that add tokens");
            default:
                throw json.Unsupported($"the post-processor '{type}'");
        }
    }

    private static TextFrame Template(JsonReading json, JsonElement processor)
    {
        List<PairPart> single = Parts(json, processor, "single");
        int text = single.FindIndex(static part => part.Kind == PairPartKind.First);
        if (text < 0 || single.Any(static part => part.Kind == PairPartKind.Second))
        {
            throw json.Wrong("post_processor.single", "a template with one text in it");
        }

        int[] ids = [.. single.Select(static part => part.Id)];
        PairPart[] pair = PairPart.Plain;
        if (JsonReading.Optional(processor, "pair") is { ValueKind: JsonValueKind.Array } given && given.GetArrayLength() > 0)
        {
            pair = [.. Parts(json, processor, "pair")];
            if (pair.Count(static part => part.Kind == PairPartKind.First) != 1 || pair.Count(static part => part.Kind == PairPartKind.Second) != 1)
            {
                throw json.Wrong("post_processor.pair", "a template with two texts in it");
            }
        }

        return new TextFrame(ids[..text], ids[(text + 1)..], pair);
    }

    private static List<PairPart> Parts(JsonReading json, JsonElement processor, string key)
    {
        List<PairPart> parts = [];
        JsonElement known = json.Object(processor, "special_tokens");
        foreach (JsonElement part in json.Array(processor, key).EnumerateArray())
        {
            if (JsonReading.Optional(part, "Sequence") is { } sequence)
            {
                PairPartKind kind = json.Text(sequence, "id") switch
                {
                    "A" => PairPartKind.First,
                    "B" => PairPartKind.Second,
                    _ => throw json.Wrong($"post_processor.{key}", "a template of the texts A and B"),
                };
                parts.Add(new PairPart(kind, 0, Type(json, sequence)));
                if (parts.Count(other => other.Kind == kind) > 1)
                {
                    throw json.Unsupported("a template with a text in it twice");
                }
            }
            else
            {
                JsonElement special = json.Object(part, "SpecialToken");
                foreach (JsonElement id in json.Array(json.Object(known, json.Text(special, "id")), "ids").EnumerateArray())
                {
                    parts.Add(id.ValueKind == JsonValueKind.Number && id.TryGetInt32(out int value)
                        ? new PairPart(PairPartKind.Special, value, Type(json, special))
                        : throw json.Wrong("ids", "a list of integers"));
                }
            }
        }

        return parts;
    }

    private static int Type(JsonReading json, JsonElement part) => JsonReading.Optional(part, "type_id") is null ? 0 : json.Number(part, "type_id");

    private static int NamedId(JsonReading json, JsonElement processor, string key)
    {
        JsonElement pair = json.Array(processor, key);
        return pair.GetArrayLength() == 2 && pair[1].ValueKind == JsonValueKind.Number && pair[1].TryGetInt32(out int id)
            ? id
            : throw json.Wrong(key, "a token and its id");
    }
}
