using System.Runtime.InteropServices;
using System.Text;

namespace Sweeps.Data.Tokenizers.SentencePiece;

/// <summary>The tokenizer of a tokenizer.json of type Unigram, equal to Hugging Face's (which is not always SentencePiece's).</summary>
internal sealed class UnigramTokenizer : TokenizerBase
{
    private readonly UnigramSettings _settings;
    private readonly UnigramSearch _search;
    private readonly int _unknownId;
    private readonly int[]? _byteIds;
    private readonly WordCache<Stretch[]> _words = new();

    /// <param name="vocabulary">All tokens.</param>
    /// <param name="added">Added tokens.</param>
    /// <param name="special">Special ids; the unknown one must be there.</param>
    /// <param name="pieces">The model's pieces by id, with their scores.</param>
    /// <param name="settings">How text is read.</param>
    public UnigramTokenizer(Vocabulary vocabulary, AddedTokens added, SpecialIds special, IReadOnlyList<(string Text, double Score)> pieces, UnigramSettings settings)
        : base(vocabulary, added, special)
    {
        _settings = settings;
        _unknownId = special.Unk!.Value;
        double[] scores = [.. pieces.Select(static piece => piece.Score)];
        PieceTrie trie = new([.. pieces.Select(static (piece, id) => (piece.Text, id)).Where(static piece => piece.Text.Length > 0)]);
        _search = new UnigramSearch(trie, scores, _unknownId, scores.Min(), singlePrecision: false);
        int?[] bytes = [.. Enumerable.Range(0, 256).Select(value => vocabulary.IdOf(ByteAlphabet.FallbackToken((byte)value)))];
        _byteIds = settings.ByteFallback && bytes.All(static id => id is not null) ? [.. bytes.Select(static id => id!.Value)] : null;
    }

    protected override void TokenizePiece(string piece, int offset, List<Token> tokens)
    {
        MappedText mapped = MappedText.Plain(piece);
        foreach (Func<MappedText, MappedText> normalize in _settings.Normalizers)
        {
            mapped = normalize(mapped);
        }

        if (!_settings.SplitWhiteSpace)
        {
            Segment(mapped, 0, mapped.Text.Length, offset, tokens);
            return;
        }

        int start = 0;
        for (int i = 0; i <= mapped.Text.Length; i++)
        {
            if (i == mapped.Text.Length || char.IsWhiteSpace(mapped.Text[i]))
            {
                Segment(mapped, start, i, offset, tokens);
                start = i + 1;
            }
        }
    }

    protected override void DecodeTokens(List<string> tokens, StringBuilder text)
    {
        List<byte> bytes = [];
        for (int i = 0; i < tokens.Count; i++)
        {
            if (_settings.ByteFallback && ByteAlphabet.FallbackByte(tokens[i]) is { } value)
            {
                bytes.Add(value);
                continue;
            }

            ByteAlphabet.Flush(bytes, text);
            text.Append(_settings.DecodeMark is { } mark
                ? tokens[i].Replace(mark, i == 0 && _settings.DropsFirstMarks ? "" : " ", StringComparison.Ordinal)
                : tokens[i]);
        }

        ByteAlphabet.Flush(bytes, text);
    }

    /// <summary>Cuts a part of the normalised text: marks for spaces, one in front, words, pieces.</summary>
    private void Segment(MappedText mapped, int start, int end, int offset, List<Token> tokens)
    {
        if (start == end)
        {
            return;
        }

        ReadOnlySpan<char> text = mapped.Text.AsSpan(start, end - start);
        int lead = 0;
        if (_settings.Mark is { } mark)
        {
            bool marked = text[0] == ' ' || text[0] == mark;
            lead = !marked && (_settings.Prepend == Prepend.Always || (_settings.Prepend == Prepend.First && offset + mapped.Start(start) == 0)) ? 1 : 0;
            char[] written = new char[lead + text.Length];
            written[0] = mark;
            text.CopyTo(written.AsSpan(lead));
            written.AsSpan().Replace(' ', mark);
            text = written;
        }

        for (int word = 0; word < text.Length;)
        {
            int next = _settings is { SplitAtMarks: true, Mark: { } cut } ? text[(word + 1)..].IndexOf(cut) : -1;
            int wordEnd = next < 0 ? text.Length : word + 1 + next;
            foreach (Stretch part in Word(text[word..wordEnd]))
            {
                // The mark in front comes from nothing.
                int first = start + word + part.Start - lead, last = start + word + part.End - 1 - lead;
                tokens.Add(new Token(part.Id, offset + mapped.Start(Math.Max(first, start)), offset + (last < start ? mapped.Start(start) : mapped.End(last))));
            }

            word = wordEnd;
        }
    }

    private Stretch[] Word(ReadOnlySpan<char> word)
    {
        if (_words.Find(word) is { } known)
        {
            return known;
        }

        List<Stretch> cut = [];
        _search.Cut(word, cut);
        Stretch[] parts = cut.Exists(part => part.Id == _unknownId) ? [.. Unknown(word, cut)] : [.. cut];
        _words.Add(word, parts);
        return parts;
    }

    /// <summary>A run of unknown characters is one token, or its bytes.</summary>
    private List<Stretch> Unknown(ReadOnlySpan<char> word, List<Stretch> cut)
    {
        List<Stretch> joined = [];
        ReadOnlySpan<Stretch> parts = CollectionsMarshal.AsSpan(cut);
        for (int i = 0; i < parts.Length;)
        {
            Stretch part = parts[i++];
            if (part.Id != _unknownId)
            {
                joined.Add(part);
                continue;
            }

            while (i < parts.Length && parts[i].Id == _unknownId)
            {
                part = part with { End = parts[i++].End };
            }

            string text = word[part.Start..part.End].ToString();
            if (Words.IdOf(text) is { } id)
            {
                joined.Add(part with { Id = id });
            }
            else if (_byteIds is { } bytes)
            {
                joined.AddRange(Encoding.UTF8.GetBytes(text).Select(value => part with { Id = bytes[value] }));
            }
            else
            {
                joined.Add(part);
            }
        }

        return joined;
    }
}
