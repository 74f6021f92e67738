using System.Text;

namespace Sweeps.Data.Tokenizers.SentencePiece;

/// <summary>SentencePiece's normalisation: the model's rules, spaces made one and written as U+2581, one put in front.</summary>
internal sealed class SentencePieceNormalizer
{
    /// <summary>What stands for a space.</summary>
    public const char SpaceMark = '\u2581';

    private readonly SentencePieceModel _model;
    private readonly PieceTrie? _userDefined;
    private readonly bool[] _userAscii = new bool[128];
    private readonly char _space;

    public SentencePieceNormalizer(SentencePieceModel model)
    {
        _model = model;
        _space = model.EscapeSpaces ? SpaceMark : ' ';
        (string, int)[] own = [.. model.Pieces.Index().Where(static piece => piece.Item.Kind == PieceKind.UserDefined).Select(static piece => (piece.Item.Text, piece.Index))];
        _userDefined = own.Length > 0 ? new PieceTrie(own) : null;
        foreach ((string text, _) in own)
        {
            if (text[0] < 128)
            {
                _userAscii[text[0]] = true;
            }
        }
    }

    /// <summary>Normalises a text without added tokens.</summary>
    public NormalText Normalize(ReadOnlySpan<char> text)
    {
        NormalText normal = new(text.Length + 8);
        int at = 0;
        if (_model.RemoveExtraSpaces)
        {
            while (at < text.Length && Prefix(text[at..], out int length) is [' '])
            {
                at += length;
            }
        }

        if (at == text.Length)
        {
            normal.Close(at);
            return normal;
        }

        if (_model.AddDummyPrefix)
        {
            normal.Add(_space, at);
        }

        bool afterSpace = _model.RemoveExtraSpaces;
        while (at < text.Length)
        {
            char c = text[at];
            if (c < 128 && !_userAscii[c] && (at + 1 == text.Length || text[at + 1] < 128) && AsciiAlone(c, out string ascii))
            {
                Write(ascii, at++, normal, ref afterSpace);
            }
            else
            {
                ReadOnlySpan<char> part = Prefix(text[at..], out int length);
                Write(part, at, normal, ref afterSpace);
                at += length;
            }
        }

        int end = at;
        while (_model.RemoveExtraSpaces && normal.Length > 0 && normal.Text[^1] == _space)
        {
            end = normal.RemoveLast();
        }

        normal.Close(end);
        return normal;
    }

    private void Write(ReadOnlySpan<char> part, int origin, NormalText normal, ref bool afterSpace)
    {
        if (afterSpace)
        {
            part = part.TrimStart(' ');
        }

        foreach (char c in part)
        {
            normal.Add(c == ' ' ? _space : c, origin);
        }

        if (!part.IsEmpty)
        {
            afterSpace = _model.RemoveExtraSpaces && part[^1] == ' ';
        }
    }

    private bool AsciiAlone(char c, out string text)
    {
        if (_model.Rules is { } rules)
        {
            return rules.TryAscii(c, out text);
        }

        text = Ascii[c];
        return true;
    }

    /// <summary>What the beginning of a text becomes, and how long that beginning is.</summary>
    private ReadOnlySpan<char> Prefix(ReadOnlySpan<char> text, out int length)
    {
        if (_userDefined is { } own && LongestPiece(own, text) is > 0 and int found)
        {
            length = found;
            return text[..found];
        }

        if (_model.Rules is { } rules && rules.Longest(text, out length) is { } rule)
        {
            return rule;
        }

        // An unpaired surrogate reads as the replacement character, as any UTF-8 encoder writes it.
        bool whole = Rune.DecodeFromUtf16(text, out _, out length) == System.Buffers.OperationStatus.Done;
        return whole ? text[..length] : "\uFFFD";
    }

    private static int LongestPiece(PieceTrie pieces, ReadOnlySpan<char> text)
    {
        int longest = 0;
        int node = PieceTrie.Root;
        for (int i = 0; i < text.Length; i++)
        {
            node = pieces.Step(node, text[i]);
            if (node < 0)
            {
                break;
            }

            longest = pieces.IdAt(node) >= 0 ? i + 1 : longest;
        }

        return longest;
    }

    private static readonly string[] Ascii = [.. Enumerable.Range(0, 128).Select(static c => ((char)c).ToString())];
}
