using System.Text;
using System.Text.Json;
using Sweeps.Data.Tokenizers.SentencePiece;

namespace Sweeps.Data.Tokenizers;

/// <summary>
/// Loads the tokenizer of a Hugging Face folder: tokenizer.json (BPE, WordPiece, Unigram, WordLevel), else vocab.txt (BERT),
/// else a SentencePiece model (spiece.model, spm.model, tokenizer.model: Unigram, as T5 and DeBERTa-v3 have). Truncation and
/// padding that the file asks for are not applied: the template's encoder does that.
/// </summary>
public static class TokenizerLoader
{
    /// <summary>Loads it; files of at most 64 MB, nested at most 64 deep.</summary>
    /// <exception cref="DataException">The folder has no tokenizer, it is damaged, or of a kind that is not supported.</exception>
    public static ITokenizer Load(string folder)
    {
        UnicodeSupport.Require();
        if (!Directory.Exists(folder))
        {
            throw new DataException(folder, null, "the folder does not exist", "Name a Hugging Face model folder");
        }

        string json = Path.Combine(folder, "tokenizer.json");
        if (File.Exists(json))
        {
            return LoadJson(json, folder);
        }

        string vocabulary = Path.Combine(folder, "vocab.txt");
        if (File.Exists(vocabulary))
        {
            return LoadVocabularyText(vocabulary, folder);
        }

        return SentencePieceLoader.Find(folder) is { } model
            ? SentencePieceLoader.Load(model, folder)
            : throw new DataException(folder, null, "there is no tokenizer here", "Put the base model's tokenizer.json (or vocab.txt, for BERT, or its SentencePiece model) into the folder");
    }

    private static ITokenizer LoadJson(string file, string folder)
    {
        using JsonDocument document = TokenizerFolder.ReadJson(file);
        JsonElement root = document.RootElement;
        JsonReading json = new(file);
        JsonElement model = json.Object(root, "model");
        AddedToken[] added = JsonReading.Optional(root, "added_tokens") is null ? [] : [.. json.Array(root, "added_tokens").EnumerateArray().Select(token => json.Added(json.Number(token, "id"), token))];
        string type = json.OptionalText(model, "type") ?? (JsonReading.Optional(model, "merges") is null ? "WordPiece" : "BPE");
        return type switch
        {
            "WordLevel" => WordLevel(json, root, model, added, folder),
            "BPE" => BytePair(json, root, model, added, folder),
            "WordPiece" => WordPiece(json, root, model, added, folder),
            "Unigram" => Unigram(json, root, model, added, folder),
            _ => throw json.Unsupported($"a tokenizer of type '{type}'"),
        };
    }

    private static WordLevelTokenizer WordLevel(JsonReading json, JsonElement root, JsonElement model, AddedToken[] added, string folder)
    {
        if (JsonReading.Optional(root, "normalizer") is { } normalizer)
        {
            throw json.Unsupported($"the normalizer '{json.OptionalText(normalizer, "type")}' for WordLevel");
        }

        string? splitter = JsonReading.Optional(root, "pre_tokenizer") is { } pre ? json.Text(pre, "type") : null;
        if (splitter is not ("Whitespace" or "WhitespaceSplit"))
        {
            throw json.Unsupported($"the pre-tokenizer '{splitter ?? "none"}' for WordLevel");
        }

        Vocabulary vocabulary = new(json.Vocabulary(model, "vocab"), added, json.File);
        SpecialIds special = Specials(json, root, vocabulary, folder, json.OptionalText(model, "unk_token"));
        return new WordLevelTokenizer(vocabulary, new AddedTokens(added), special, splitPunctuation: splitter == "Whitespace");
    }

    private static BertWordPieceTokenizer WordPiece(JsonReading json, JsonElement root, JsonElement model, AddedToken[] added, string folder)
    {
        JsonElement normalizer = json.Object(root, "normalizer");
        string splitter = json.Text(json.Object(root, "pre_tokenizer"), "type");
        if (json.Text(normalizer, "type") != "BertNormalizer" || splitter != "BertPreTokenizer" || json.Text(model, "continuing_subword_prefix") != "##")
        {
            throw json.Unsupported("WordPiece with another normalizer, pre-tokenizer or prefix than BERT's");
        }

        Dictionary<string, int> ids = json.Vocabulary(model, "vocab");
        string[] tokens = ById(ids, json.File);
        Vocabulary vocabulary = new(ids, added, json.File);
        bool lower = json.Flag(normalizer, "lowercase", true);
        BertNormalizer bert = new(
            json.Flag(normalizer, "clean_text", true),
            json.Flag(normalizer, "handle_chinese_chars", true),
            json.Flag(normalizer, "strip_accents", lower),
            lower);
        bool cleanup = JsonReading.Optional(root, "decoder") is not { } decoder || json.Flag(decoder, "cleanup", true);
        int longest = JsonReading.Optional(model, "max_input_chars_per_word") is null ? 100 : json.Number(model, "max_input_chars_per_word");
        SpecialIds special = Specials(json, root, vocabulary, folder, json.Text(model, "unk_token"));
        return new BertWordPieceTokenizer(vocabulary, tokens, new AddedTokens(added), special, bert, longest, cleanup);
    }

    private static BytePairTokenizer BytePair(JsonReading json, JsonElement root, JsonElement model, AddedToken[] added, string folder)
    {
        Dictionary<string, int> ids = json.Vocabulary(model, "vocab");
        (BytePairMerges merges, BytePairSettings settings) = BytePairReader.Merges(json, model, ids, BytePairReader.Settings(json, root, model));
        Vocabulary vocabulary = new(ids, added, json.File);
        SpecialIds special = Specials(json, root, vocabulary, folder, json.OptionalText(model, "unk_token"));
        return new BytePairTokenizer(vocabulary, new AddedTokens(added), special, merges, settings, json.File);
    }

    private static UnigramTokenizer Unigram(JsonReading json, JsonElement root, JsonElement model, AddedToken[] added, string folder)
    {
        IReadOnlyList<(string Text, double Score)> pieces = UnigramReader.Pieces(json, model);
        int unknown = UnigramReader.UnknownId(json, model, pieces.Count);
        UnigramSettings settings = UnigramReader.Settings(json, root, model);
        Dictionary<string, int> ids = new(pieces.Count, StringComparer.Ordinal);
        foreach ((int id, (string text, _)) in pieces.Index())
        {
            _ = ids.TryAdd(text, id) ? true : throw json.Wrong($"model.vocab[{id}]", $"a token of its own ('{text}' is there twice)");
        }

        Vocabulary vocabulary = new(ids, added, json.File);
        SpecialIds special = Specials(json, root, vocabulary, folder, pieces[unknown].Text);
        return new UnigramTokenizer(vocabulary, new AddedTokens(added), special, pieces, settings);
    }

    private static BertWordPieceTokenizer LoadVocabularyText(string file, string folder)
    {
        string[] tokens = Encoding.UTF8.GetString(TokenizerFolder.ReadBytes(file)).TrimEnd('\r', '\n').Split('\n');
        Dictionary<string, int> ids = new(tokens.Length, StringComparer.Ordinal);
        for (int i = 0; i < tokens.Length; i++)
        {
            tokens[i] = tokens[i].TrimEnd('\r');
            if (tokens[i].Length == 0 || !ids.TryAdd(tokens[i], i))
            {
                throw new DataException(file, i + 1, tokens[i].Length == 0 ? "this line is empty" : $"the token '{tokens[i]}' is there twice", "Take the file from the model's source again");
            }
        }

        Dictionary<string, string> names = TokenizerFolder.SpecialNames(folder);
        int Id(string key, string usual) => ids.TryGetValue(names.GetValueOrDefault(key, usual), out int id)
            ? id
            : throw new DataException(file, null, $"the token '{names.GetValueOrDefault(key, usual)}' is missing", "Take the file from the model's source again");
        (int pad, int unk, int cls, int sep) = (Id("pad_token", "[PAD]"), Id("unk_token", "[UNK]"), Id("cls_token", "[CLS]"), Id("sep_token", "[SEP]"));
        List<AddedToken> added = [.. new[] { pad, unk, cls, sep }.Select(id => new AddedToken(id, tokens[id], Special: true))];
        if (ids.TryGetValue(names.GetValueOrDefault("mask_token", "[MASK]"), out int mask))
        {
            added.Add(new AddedToken(mask, tokens[mask], Special: true));
        }

        SpecialIds special = new() { Pad = pad, Unk = unk, Cls = cls, Sep = sep, Prefix = [cls], Suffix = [sep], Pair = PairPart.Bert(cls, sep) };
        Vocabulary vocabulary = new(ids, added, file);
        return new BertWordPieceTokenizer(vocabulary, tokens, new AddedTokens(added), special, BertSettings(folder), 100, cleanup: true);
    }

    private static BertNormalizer BertSettings(string folder)
    {
        string file = Path.Combine(folder, "tokenizer_config.json");
        if (!File.Exists(file))
        {
            return new BertNormalizer(CleanText: true, HandleChineseCharacters: true, StripAccents: true, Lowercase: true);
        }

        using JsonDocument document = TokenizerFolder.ReadJson(file);
        JsonReading json = new(file);
        bool lower = json.Flag(document.RootElement, "do_lower_case", true);
        return new BertNormalizer(
            CleanText: true,
            json.Flag(document.RootElement, "tokenize_chinese_chars", true),
            json.Flag(document.RootElement, "strip_accents", lower),
            lower);
    }

    private static SpecialIds Specials(JsonReading json, JsonElement root, Vocabulary vocabulary, string folder, string? unknown)
    {
        Dictionary<string, string> names = TokenizerFolder.SpecialNames(folder);
        int? Id(string key) => names.TryGetValue(key, out string? name) ? vocabulary.IdOf(name) : null;
        TextFrame frame = PostProcessor.Read(json, JsonReading.Optional(root, "post_processor"));
        foreach (int id in frame.Prefix.Concat(frame.Suffix).Concat(frame.Pair.Where(static part => part.Kind == PairPartKind.Special).Select(static part => part.Id)))
        {
            _ = vocabulary.TokenOf(id) ?? throw json.Wrong("post_processor", "made of tokens of the vocabulary");
        }

        int? unk = unknown is null ? Id("unk_token") : vocabulary.IdOf(unknown) ?? throw json.Wrong("model.unk_token", "a token of the vocabulary");
        return new SpecialIds
        {
            Bos = Id("bos_token"),
            Eos = Id("eos_token"),
            Pad = Id("pad_token") ?? vocabulary.IdOf("[PAD]"),
            Unk = unk,
            Cls = Id("cls_token") ?? vocabulary.IdOf("[CLS]"),
            Sep = Id("sep_token") ?? vocabulary.IdOf("[SEP]"),
            Prefix = frame.Prefix,
            Suffix = frame.Suffix,
            Pair = frame.Pair,
        };
    }

    private static string[] ById(Dictionary<string, int> ids, string file)
    {
        string[] tokens = new string[ids.Count];
        foreach ((string token, int id) in ids)
        {
            if ((uint)id >= (uint)tokens.Length || tokens[id] is not null)
            {
                throw new DataException(file, null, $"the WordPiece vocabulary has {ids.Count} tokens and the id {id} is {(id < 0 || id >= ids.Count ? "out of range" : "used twice")}", "Take the file from the model's source again");
            }

            tokens[id] = token;
        }

        return tokens;
    }
}
