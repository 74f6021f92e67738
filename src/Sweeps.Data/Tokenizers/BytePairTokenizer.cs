using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;

namespace Sweeps.Data.Tokenizers;

/// <summary>Byte pair encoding as the tokenizer.json of Gemma 3, Qwen3 and Llama 3 describes it.</summary>
internal sealed class BytePairTokenizer : TokenizerBase
{
    private readonly BytePairMerges _merges;
    private readonly BytePairSettings _settings;
    private readonly int[] _byteIds;
    private readonly WordCache<Stretch[]> _words = new();

    /// <exception cref="DataException">A byte has no token though the settings need one.</exception>
    public BytePairTokenizer(Vocabulary vocabulary, AddedTokens added, SpecialIds special, BytePairMerges merges, BytePairSettings settings, string file)
        : base(vocabulary, added, special)
    {
        _merges = merges;
        _settings = settings;
        _byteIds = new int[256];
        for (int value = 0; value < 256; value++)
        {
            string token = settings.ByteLevel ? ByteAlphabet.Of((byte)value).ToString() : ByteAlphabet.FallbackToken((byte)value);
            _byteIds[value] = vocabulary.IdOf(token)
                ?? (settings.ByteLevel || settings.ByteFallback
                    ? throw new DataException(file, null, $"the token '{token}' for the byte {value} is missing", "Take the tokenizer file from the model's source again")
                    : -1);
        }
    }

    protected override void TokenizePiece(string piece, int offset, List<Token> tokens)
    {
        MappedText mapped = MappedText.Plain(piece);
        foreach (Func<MappedText, MappedText> normalize in _settings.Normalizers)
        {
            mapped = normalize(mapped);
        }

        ReadOnlySpan<char> text = mapped.Text;
        int start = 0;
        foreach (int end in _settings.Splitter.Ends(mapped.Text))
        {
            foreach (Stretch part in Word(text[start..end]))
            {
                tokens.Add(new Token(part.Id, offset + mapped.Start(start + part.Start), offset + mapped.End(start + part.End - 1)));
            }

            start = end;
        }
    }

    protected override void DecodeTokens(List<string> tokens, StringBuilder text)
    {
        if (_settings.ByteLevel)
        {
            List<byte> bytes = [];
            foreach (string token in tokens)
            {
                AppendBytes(token, bytes);
            }

            text.Append(Encoding.UTF8.GetString(CollectionsMarshal.AsSpan(bytes)));
            return;
        }

        List<byte> pending = [];
        foreach (string token in tokens)
        {
            if (_settings.ByteFallback && ByteAlphabet.FallbackByte(token) is { } value)
            {
                pending.Add(value);
                continue;
            }

            ByteAlphabet.Flush(pending, text);
            text.Append(_settings.SpaceMark is { } mark ? token.Replace(mark, " ", StringComparison.Ordinal) : token);
        }

        ByteAlphabet.Flush(pending, text);
    }

    private Stretch[] Word(ReadOnlySpan<char> word)
    {
        if (_words.Find(word) is { } known)
        {
            return known;
        }

        List<int> symbols = [], starts = [], ends = [];
        if (_settings.ByteLevel)
        {
            AddBytes(word, symbols, starts, ends);
        }
        else
        {
            AddCharacters(word, symbols, starts, ends);
        }

        Stretch[] parts;
        if (symbols.Count > 0 && WholeWord(word) is { } whole)
        {
            parts = [new Stretch(whole, starts[0], ends[^1])];
        }
        else
        {
            Span<int> ids = CollectionsMarshal.AsSpan(symbols);
            Span<int> from = CollectionsMarshal.AsSpan(starts);
            Span<int> to = CollectionsMarshal.AsSpan(ends);
            _merges.Apply(ids, from, to);
            List<Stretch> kept = new(ids.Length);
            for (int i = 0; i < ids.Length; i++)
            {
                if (ids[i] >= 0)
                {
                    kept.Add(new Stretch(ids[i], from[i], to[i]));
                }
            }

            parts = [.. kept];
        }

        _words.Add(word, parts);
        return parts;
    }

    private int? WholeWord(ReadOnlySpan<char> word)
    {
        if (!_settings.IgnoreMerges)
        {
            return null;
        }

        if (!_settings.ByteLevel)
        {
            return Words.IdOf(word);
        }

        byte[] bytes = new byte[Encoding.UTF8.GetByteCount(word)];
        Encoding.UTF8.GetBytes(word, bytes);
        return Words.IdOf(string.Create(bytes.Length, bytes, static (written, from) =>
        {
            for (int i = 0; i < written.Length; i++)
            {
                written[i] = ByteAlphabet.Of(from[i]);
            }
        }));
    }

    private void AddBytes(ReadOnlySpan<char> text, List<int> symbols, List<int> starts, List<int> ends)
    {
        Span<byte> bytes = stackalloc byte[4];
        for (int i = 0; i < text.Length;)
        {
            // An unpaired surrogate has no UTF-8: it becomes the replacement character, as in any UTF-8 encoder.
            bool whole = Rune.DecodeFromUtf16(text[i..], out Rune found, out _) == OperationStatus.Done;
            Rune rune = whole ? found : Rune.ReplacementChar;
            int length = whole ? rune.Utf16SequenceLength : 1;
            int count = rune.EncodeToUtf8(bytes);
            for (int at = 0; at < count; at++)
            {
                symbols.Add(_byteIds[bytes[at]]);
                starts.Add(i);
                ends.Add(i + length);
            }

            i += length;
        }
    }

    private void AddCharacters(ReadOnlySpan<char> text, List<int> symbols, List<int> starts, List<int> ends)
    {
        Span<byte> bytes = stackalloc byte[4];
        bool unknownBefore = false;
        for (int i = 0; i < text.Length;)
        {
            bool whole = Rune.DecodeFromUtf16(text[i..], out Rune found, out _) == OperationStatus.Done;
            Rune rune = whole ? found : Rune.ReplacementChar;
            int length = whole ? rune.Utf16SequenceLength : 1;
            bool unknown = false;
            if ((whole ? Words.IdOf(text.Slice(i, length)) : Words.IdOf(rune.ToString())) is { } id)
            {
                Add(id);
            }
            else if (_settings.ByteFallback)
            {
                int count = rune.EncodeToUtf8(bytes);
                for (int at = 0; at < count; at++)
                {
                    Add(_byteIds[bytes[at]]);
                }
            }
            else if (UnkId is { } unk)
            {
                unknown = true;
                if (unknownBefore && _settings.FuseUnknown)
                {
                    ends[^1] = i + length;
                }
                else
                {
                    Add(unk);
                }
            }

            unknownBefore = unknown;
            i += length;

            void Add(int symbol)
            {
                symbols.Add(symbol);
                starts.Add(i);
                ends.Add(i + length);
            }
        }
    }

    /// <summary>A token of bytes; one that is not written in the alphabet (an added token) stands for its own UTF-8.</summary>
    private static void AppendBytes(string token, List<byte> bytes)
    {
        int before = bytes.Count;
        foreach (char c in token)
        {
            if (!ByteAlphabet.TryGetByte(c, out byte value))
            {
                bytes.RemoveRange(before, bytes.Count - before);
                bytes.AddRange(Encoding.UTF8.GetBytes(token));
                return;
            }

            bytes.Add(value);
        }
    }
}
