using System.Globalization;
using System.Text.Json;

namespace Sweeps.Data.Tokenizers.SentencePiece;

/// <summary>What the JSON files beside a SentencePiece model say: its family, names of special tokens, added tokens.</summary>
internal sealed class SentencePieceFolder
{
    private const string Config = "tokenizer_config.json";
    private const int UsualExtraIds = 100;

    private readonly Dictionary<string, string> _names;
    private readonly List<AddedToken> _listed = [];
    private readonly Family _family;
    private readonly int _extraIds;
    private readonly bool _bos;
    private readonly bool _eos;

    private SentencePieceFolder(string folder, string file)
    {
        _names = TokenizerFolder.SpecialNames(folder);
        JsonReading json = new(Path.Combine(folder, Config));
        using JsonDocument? config = Open(folder, Config);
        using JsonDocument? model = Open(folder, "config.json");
        JsonElement root = config?.RootElement ?? default;
        string kind = json.OptionalText(root, "tokenizer_class") ?? (model is null ? null : new JsonReading(Path.Combine(folder, "config.json")).OptionalText(model.RootElement, "model_type")) ?? "";
        _family = kind switch
        {
            "T5Tokenizer" or "T5TokenizerFast" or "t5" or "mt5" or "umt5" => Family.T5,
            "DebertaV2Tokenizer" or "DebertaV2TokenizerFast" or "deberta-v2" => Family.Deberta,
            _ => Family.Other,
        };
        (_bos, _eos) = (json.Flag(root, "add_bos_token", false), json.Flag(root, "add_eos_token", false));
        _extraIds = JsonReading.Optional(root, "extra_ids") is null ? UsualExtraIds : json.Number(root, "extra_ids");
        if (_family == Family.Other && JsonReading.Optional(root, "add_bos_token") is null && JsonReading.Optional(root, "add_eos_token") is null)
        {
            throw new DataException(file, null, $"which special tokens belong around a text is not known{(kind.Length > 0 ? $" for '{kind}'" : "")}", $"Put the base model's tokenizer.json beside it, or its {Config} with tokenizer_class (T5Tokenizer, DebertaV2Tokenizer) or add_bos_token and add_eos_token");
        }

        foreach (string option in (string[])["do_lower_case", "split_by_punct"])
        {
            _ = json.Flag(root, option, false) ? throw json.Unsupported($"'{option}' for a SentencePiece model") : false;
        }

        ReadListed(folder, json, root);
    }

    private enum Family
    {
        Other,
        T5,
        Deberta,
    }

    /// <exception cref="DataException">A file is damaged, or the family is not known.</exception>
    public static SentencePieceFolder Read(string folder, string file) => new(folder, file);

    /// <summary>The tokens that are found in a text before it is cut: those listed, and the special ones.</summary>
    /// <param name="pieces">The model's pieces and their ids.</param>
    public List<AddedToken> Added(Dictionary<string, int> pieces)
    {
        List<AddedToken> added = [.. _listed];
        if (_family == Family.T5 && !added.Exists(static token => token.Content == "<extra_id_0>"))
        {
            added.AddRange(Enumerable.Range(0, Math.Clamp(_extraIds, 0, 10_000)).Select(i =>
                new AddedToken(pieces.Count + _extraIds - 1 - i, string.Create(CultureInfo.InvariantCulture, $"<extra_id_{i}>"), Special: true)));
        }

        foreach (string name in Defaults().Values.Where(name => !added.Exists(token => token.Content == name)).Distinct().ToList())
        {
            // A special token that no piece stands for comes behind all others, as in Hugging Face.
            int id = pieces.TryGetValue(name, out int known) ? known : Math.Max(pieces.Count - 1, added.Select(static token => token.Id).DefaultIfEmpty(-1).Max()) + 1;
            added.Add(new AddedToken(id, name, Special: true));
        }

        return added;
    }

    /// <summary>The special ids and what stands around texts.</summary>
    /// <exception cref="DataException">A token that must stand around a text is missing.</exception>
    public SpecialIds Special(Vocabulary vocabulary, int unknownId, string file)
    {
        Dictionary<string, string> names = Defaults();
        int? Id(string key) => names.TryGetValue(key, out string? name) ? vocabulary.IdOf(name) : null;
        int Must(string key) => Id(key) ?? throw new DataException(file, null, $"the {key} is not known", $"Name it in {Config}");
        SpecialIds special = new() { Bos = Id("bos_token"), Eos = Id("eos_token"), Pad = Id("pad_token"), Unk = unknownId, Cls = Id("cls_token"), Sep = Id("sep_token") };
        switch (_family)
        {
            case Family.Deberta:
                (int cls, int sep) = (Must("cls_token"), Must("sep_token"));
                return special with { Prefix = [cls], Suffix = [sep], Pair = PairPart.Bert(cls, sep) };
            case Family.T5:
                return Framed(special, [], [Must("eos_token")]);
            default:
                return Framed(special, _bos ? [Must("bos_token")] : [], _eos ? [Must("eos_token")] : []);
        }
    }

    private static SpecialIds Framed(SpecialIds special, int[] prefix, int[] suffix)
    {
        PairPart[] Of(int[] ids) => [.. ids.Select(static id => new PairPart(PairPartKind.Special, id, 0))];
        return special with
        {
            Prefix = prefix,
            Suffix = suffix,
            Pair = [.. Of(prefix), new(PairPartKind.First, 0, 0), .. Of(suffix), .. Of(prefix), new(PairPartKind.Second, 0, 0), .. Of(suffix)],
        };
    }

    private static JsonDocument? Open(string folder, string name)
    {
        string file = Path.Combine(folder, name);
        return File.Exists(file) ? TokenizerFolder.ReadJson(file) : null;
    }

    /// <summary>The special tokens' names: the folder's, else the family's usual ones.</summary>
    private Dictionary<string, string> Defaults()
    {
        (string, string)[] usual = _family switch
        {
            Family.T5 => [("eos_token", "</s>"), ("unk_token", "<unk>"), ("pad_token", "<pad>")],
            Family.Deberta => [("bos_token", "[CLS]"), ("eos_token", "[SEP]"), ("cls_token", "[CLS]"), ("sep_token", "[SEP]"), ("pad_token", "[PAD]"), ("unk_token", "[UNK]"), ("mask_token", "[MASK]")],
            _ => [],
        };
        Dictionary<string, string> names = new(_names, StringComparer.Ordinal);
        foreach ((string key, string name) in usual)
        {
            names.TryAdd(key, name);
        }

        return names;
    }

    private void ReadListed(string folder, JsonReading json, JsonElement root)
    {
        if (JsonReading.Optional(root, "added_tokens_decoder") is not null)
        {
            foreach (JsonProperty entry in json.Object(root, "added_tokens_decoder").EnumerateObject())
            {
                int id = int.TryParse(entry.Name, NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : throw json.Wrong("added_tokens_decoder", "tokens by their ids");
                _listed.Add(json.Added(id, entry.Value));
            }

            return;
        }

        using JsonDocument? tokens = Open(folder, "added_tokens.json");
        foreach (JsonProperty entry in tokens?.RootElement.EnumerateObject().ToArray() ?? [])
        {
            _listed.Add(entry.Value.ValueKind == JsonValueKind.Number && entry.Value.TryGetInt32(out int id)
                ? new AddedToken(id, entry.Name, Special: true)
                : throw new JsonReading(Path.Combine(folder, "added_tokens.json")).Wrong(entry.Name, "an integer"));
        }
    }
}
