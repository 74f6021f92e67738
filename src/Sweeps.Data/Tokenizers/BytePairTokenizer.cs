using System.Runtime.InteropServices;
using System.Text;

namespace Sweeps.Data.Tokenizers;

/// <summary>Byte pair encoding as the tokenizer.json of Gemma 3, Qwen3 and Llama 3 describes it.</summary>
internal sealed class BytePairTokenizer : TokenizerBase
{
    private readonly BytePairMerges _merges;
    private readonly BytePairSettings _settings;
    private readonly int[] _byteIds;

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

        List<int> symbols = [], starts = [], ends = [];
        int start = 0;
        foreach (int end in _settings.Splitter.Ends(mapped.Text))
        {
            symbols.Clear();
            starts.Clear();
            ends.Clear();
            if (_settings.ByteLevel)
            {
                AddBytes(mapped.Text, start, end, symbols, starts, ends);
            }
            else
            {
                AddCharacters(mapped.Text, start, end, symbols, starts, ends);
            }

            Span<int> ids = CollectionsMarshal.AsSpan(symbols);
            Span<int> from = CollectionsMarshal.AsSpan(starts);
            Span<int> to = CollectionsMarshal.AsSpan(ends);
            if (WholeWord(mapped.Text, start, end) is { } whole)
            {
                ids[0] = whole;
                to[0] = to[^1];
                ids[1..].Fill(-1);
            }
            else
            {
                _merges.Apply(ids, from, to);
            }

            for (int i = 0; i < ids.Length; i++)
            {
                if (ids[i] >= 0)
                {
                    tokens.Add(new Token(ids[i], offset + mapped.Start(from[i]), offset + mapped.End(to[i] - 1)));
                }
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

    private int? WholeWord(string text, int start, int end)
    {
        if (!_settings.IgnoreMerges)
        {
            return null;
        }

        if (!_settings.ByteLevel)
        {
            return Words.IdOf(text[start..end]);
        }

        Span<byte> bytes = new byte[Encoding.UTF8.GetByteCount(text.AsSpan(start, end - start))];
        Encoding.UTF8.GetBytes(text.AsSpan(start, end - start), bytes);
        StringBuilder word = new(bytes.Length);
        foreach (byte value in bytes)
        {
            word.Append(ByteAlphabet.Of(value));
        }

        return Words.IdOf(word.ToString());
    }

    private void AddBytes(string text, int start, int end, List<int> symbols, List<int> starts, List<int> ends)
    {
        Span<byte> bytes = stackalloc byte[4];
        for (int i = start; i < end;)
        {
            // An unpaired surrogate has no UTF-8: it becomes the replacement character, as in any UTF-8 encoder.
            bool whole = Rune.TryGetRuneAt(text, i, out Rune found);
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

    private void AddCharacters(string text, int start, int end, List<int> symbols, List<int> starts, List<int> ends)
    {
        Span<byte> bytes = stackalloc byte[4];
        bool unknownBefore = false;
        for (int i = start; i < end;)
        {
            bool whole = Rune.TryGetRuneAt(text, i, out Rune found);
            Rune rune = whole ? found : Rune.ReplacementChar;
            int length = whole ? rune.Utf16SequenceLength : 1;
            bool unknown = false;
            if (Words.IdOf(rune.ToString()) is { } id)
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
