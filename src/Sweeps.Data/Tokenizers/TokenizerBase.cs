using System.Text;

namespace Sweeps.Data.Tokenizers;

/// <summary>What all tokenizers share: added tokens are cut out first, the pieces between go to the model.</summary>
internal abstract class TokenizerBase : ITokenizer
{
    private readonly Vocabulary _vocabulary;
    private readonly AddedTokens _added;
    private readonly HashSet<int> _specialIds;
    private readonly HashSet<int> _addedIds;
    private readonly SpecialIds _special;

    protected TokenizerBase(Vocabulary vocabulary, AddedTokens added, SpecialIds special)
    {
        UnicodeSupport.Require();
        _vocabulary = vocabulary;
        _added = added;
        _special = special;
        _addedIds = [.. added.All.Select(static token => token.Id)];
        _specialIds = [.. added.All.Where(static token => token.Special).Select(static token => token.Id)];
    }

    public int VocabularySize => _vocabulary.Size;

    public int? BosId => _special.Bos;

    public int? EosId => _special.Eos;

    public int? PadId => _special.Pad;

    public int? UnkId => _special.Unk;

    public int? ClsId => _special.Cls;

    public int? SepId => _special.Sep;

    public IReadOnlyList<int> Prefix => _special.Prefix;

    public IReadOnlyList<int> Suffix => _special.Suffix;

    protected Vocabulary Words => _vocabulary;

    public int[] Encode(string text, bool addSpecial = true)
    {
        IReadOnlyList<Token> tokens = Tokenize(text);
        int before = addSpecial ? _special.Prefix.Length : 0;
        int after = addSpecial ? _special.Suffix.Length : 0;
        int[] ids = new int[before + tokens.Count + after];
        _special.Prefix.AsSpan(0, before).CopyTo(ids);
        for (int i = 0; i < tokens.Count; i++)
        {
            ids[before + i] = tokens[i].Id;
        }

        _special.Suffix.AsSpan(0, after).CopyTo(ids.AsSpan(before + tokens.Count));
        return ids;
    }

    public PairEncoding EncodePair(string first, string second, int? maxLength = null)
    {
        IReadOnlyList<Token> a = Tokenize(first), b = Tokenize(second);
        int special = _special.Pair.Count(static part => part.Kind == PairPartKind.Special);
        (int keepA, int keepB) = (a.Count, b.Count);
        if (maxLength is { } max)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(max, special, nameof(maxLength));
            (keepA, keepB) = LongestFirst(a.Count, b.Count, max - special);
        }

        int[] ids = new int[keepA + special + keepB];
        int[] types = new int[ids.Length];
        int at = 0;
        foreach (PairPart part in _special.Pair)
        {
            int start = at;
            if (part.Kind == PairPartKind.Special)
            {
                ids[at++] = part.Id;
            }
            else
            {
                (IReadOnlyList<Token> tokens, int keep) = part.Kind == PairPartKind.First ? (a, keepA) : (b, keepB);
                for (int i = 0; i < keep; i++)
                {
                    ids[at++] = tokens[i].Id;
                }
            }

            types.AsSpan(start, at - start).Fill(part.TypeId);
        }

        return new PairEncoding(ids, types);
    }

    public IReadOnlyList<Token> Tokenize(string text)
    {
        List<Token> tokens = [];
        int at = 0;
        while (at < text.Length)
        {
            if (_added.Next(text, at) is not { } found)
            {
                break;
            }

            if (found.Start > at)
            {
                TokenizePiece(text[at..found.Start], at, tokens);
            }

            tokens.Add(new Token(found.Token.Id, found.Start, found.End));
            at = found.End;
        }

        if (at < text.Length)
        {
            TokenizePiece(at == 0 ? text : text[at..], at, tokens);
        }

        return tokens;
    }

    public string Decode(ReadOnlySpan<int> ids, bool skipSpecial = true)
    {
        List<string> tokens = new(ids.Length);
        foreach (int id in ids)
        {
            if (_vocabulary.TokenOf(id) is { } token && !(skipSpecial && _specialIds.Contains(id)))
            {
                tokens.Add(token);
            }
        }

        StringBuilder text = new();
        DecodeTokens(tokens, text);
        return text.ToString();
    }

    public UnknownCount CountUnknown(string text)
    {
        IReadOnlyList<Token> tokens = Tokenize(text);
        return new UnknownCount(UnkId is { } unknown ? tokens.Count(token => token.Id == unknown) : 0, tokens.Count);
    }

    public int? IdOf(string token) => _vocabulary.IdOf(token);

    public string? TokenOf(int id) => _vocabulary.TokenOf(id);

    public bool IsAdded(int id) => _addedIds.Contains(id);

    /// <summary>Tokenises a piece without added tokens.</summary>
    /// <param name="piece">The piece.</param>
    /// <param name="offset">Where it begins in the whole text.</param>
    /// <param name="tokens">Gets the tokens, their places in the whole text.</param>
    protected abstract void TokenizePiece(string piece, int offset, List<Token> tokens);

    /// <summary>Puts tokens together to a text.</summary>
    protected abstract void DecodeTokens(List<string> tokens, StringBuilder text);

    /// <summary>Whether a token is an added one, which decodes as it is written.</summary>
    protected bool IsAdded(string token) => _added.Find(token) is not null;

    /// <summary>How many tokens of each text stay: the longer gives way first, then both to halves (Hugging Face longest_first).</summary>
    private static (int First, int Second) LongestFirst(int first, int second, int room)
    {
        if (first + second <= room)
        {
            return (first, second);
        }

        int shorter = Math.Min(first, second);
        int longer = shorter > room ? shorter : Math.Max(shorter, room - shorter);
        if (shorter + longer > room)
        {
            shorter = room / 2;
            longer = shorter + (room % 2);
        }

        return first > second ? (longer, shorter) : (shorter, longer);
    }
}
