using System.Runtime.InteropServices;
using System.Text;

namespace Sweeps.Data.Tokenizers.SentencePiece;

/// <summary>The tokenizer of a SentencePiece Unigram model file (T5, DeBERTa-v3), equal to the sentencepiece library.</summary>
internal sealed class SentencePieceTokenizer : TokenizerBase
{
    private readonly SentencePieceModel _model;
    private readonly SentencePieceNormalizer _normalizer;
    private readonly UnigramSearch _search;
    private readonly int[] _byteIds = new int[256];

    /// <param name="vocabulary">All tokens, the model's pieces first.</param>
    /// <param name="added">Added tokens.</param>
    /// <param name="special">Special ids.</param>
    /// <param name="model">The model file.</param>
    public SentencePieceTokenizer(Vocabulary vocabulary, AddedTokens added, SpecialIds special, SentencePieceModel model)
        : base(vocabulary, added, special)
    {
        _model = model;
        _normalizer = new SentencePieceNormalizer(model);
        float lowest = float.MaxValue, highest = float.MinValue;
        foreach (Piece piece in model.Pieces.Where(static piece => piece.Kind == PieceKind.Normal))
        {
            (lowest, highest) = (Math.Min(lowest, piece.Score), Math.Max(highest, piece.Score));
        }

        // The library begins its search for the highest score at the least positive number.
        highest = Math.Max(highest, 1.17549435e-38f);
        double[] scores = new double[model.Pieces.Count];
        List<(string, int)> cut = [];
        foreach ((int id, Piece piece) in model.Pieces.Index())
        {
            // A symbol that the model's maker defined is always taken.
            scores[id] = piece.Kind == PieceKind.UserDefined ? (Encoding.UTF8.GetByteCount(piece.Text) * highest) - 0.1 : piece.Score;
            if (piece.Kind is PieceKind.Normal or PieceKind.UserDefined)
            {
                cut.Add((piece.Text, id));
            }
            else if (piece.Kind == PieceKind.Byte && ByteAlphabet.FallbackByte(piece.Text) is { } value)
            {
                _byteIds[value] = id;
            }
        }

        _search = new UnigramSearch(new PieceTrie(cut), scores, model.UnknownId, lowest, singlePrecision: true);
    }

    /// <summary>The ids of a text and what each stands for in the normalised text; a run of unknown characters is one.</summary>
    internal IReadOnlyList<(int Id, string Piece)> Pieces(string text)
    {
        NormalText normal = _normalizer.Normalize(text);
        return [.. Join(normal).Select(part => (part.Id, part.Id == _model.UnknownId ? normal.Text[part.Start..part.End].ToString() : TokenOf(part.Id)!))];
    }

    protected override void TokenizePiece(string piece, int offset, List<Token> tokens)
    {
        NormalText normal = _normalizer.Normalize(piece);
        foreach (Stretch part in Join(normal))
        {
            tokens.Add(new Token(part.Id, offset + normal.Origin(part.Start), offset + normal.Origin(part.End)));
        }
    }

    protected override void DecodeTokens(List<string> tokens, StringBuilder text)
    {
        List<byte> bytes = [];
        bool first = true, spaceTaken = false;
        foreach (string token in tokens)
        {
            PieceKind kind = Words.IdOf(token) is { } id && id < _model.Pieces.Count ? _model.Pieces[id].Kind : PieceKind.Control;
            if (kind == PieceKind.Byte)
            {
                bytes.Add(ByteAlphabet.FallbackByte(token) ?? 0);
                continue;
            }

            FlushBytes(bytes, text);
            first &= !spaceTaken && text.Length == 0;
            spaceTaken = false;
            switch (kind)
            {
                case PieceKind.Control:
                    // An added token is written as it is, a control piece of the model is not seen.
                    text.Append(IsAdded(token) ? token : "");
                    break;
                case PieceKind.Unknown:
                    text.Append(_model.UnknownSurface);
                    break;
                default:
                    ReadOnlySpan<char> rest = token;
                    if (first && (_model.AddDummyPrefix || _model.RemoveExtraSpaces) && rest[0] == SentencePieceNormalizer.SpaceMark)
                    {
                        rest = rest[1..];
                        // Where extra spaces go, all of them in front go.
                        spaceTaken = !_model.RemoveExtraSpaces;
                    }

                    int from = text.Length;
                    text.Append(rest).Replace(SentencePieceNormalizer.SpaceMark, ' ', from, rest.Length);
                    break;
            }
        }

        FlushBytes(bytes, text);
    }

    private List<Stretch> Join(NormalText normal)
    {
        List<Stretch> stretches = [];
        _search.Cut(normal.Text, stretches);
        if (!stretches.Exists(part => part.Id == _model.UnknownId))
        {
            return stretches;
        }

        List<Stretch> joined = new(stretches.Count);
        Span<byte> bytes = stackalloc byte[4];
        foreach (Stretch part in stretches)
        {
            if (part.Id != _model.UnknownId)
            {
                joined.Add(part);
            }
            else if (_model.ByteFallback)
            {
                int count = Encoding.UTF8.GetBytes(normal.Text[part.Start..part.End], bytes);
                for (int i = 0; i < count; i++)
                {
                    // The last byte stands for the character, those before it for nothing.
                    joined.Add(new Stretch(_byteIds[bytes[i]], part.Start, i == count - 1 ? part.End : part.Start));
                }
            }
            else if (joined.Count > 0 && joined[^1].Id == _model.UnknownId)
            {
                joined[^1] = joined[^1] with { End = part.End };
            }
            else
            {
                joined.Add(part);
            }
        }

        return joined;
    }

    /// <summary>Writes bytes as the text that they are; each that is part of none becomes a replacement character.</summary>
    private static void FlushBytes(List<byte> bytes, StringBuilder text)
    {
        ReadOnlySpan<byte> left = CollectionsMarshal.AsSpan(bytes);
        while (!left.IsEmpty)
        {
            bool whole = Rune.DecodeFromUtf8(left, out Rune rune, out int length) == System.Buffers.OperationStatus.Done;
            text.Append(whole ? rune.ToString() : "\uFFFD");
            left = left[(whole ? length : 1)..];
        }

        bytes.Clear();
    }
}
