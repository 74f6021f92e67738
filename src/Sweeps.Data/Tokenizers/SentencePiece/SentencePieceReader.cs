using System.Text;

namespace Sweeps.Data.Tokenizers.SentencePiece;

/// <summary>Reads a SentencePiece model file; what encoding does not support is refused.</summary>
internal static class SentencePieceReader
{
    private const string Fix = "Take the file from the model's source again";

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    /// <exception cref="DataException">The file is damaged or of a kind that is not supported.</exception>
    public static SentencePieceModel Read(string file) => Read(TokenizerFolder.ReadBytes(file), file);

    /// <exception cref="DataException">The bytes are damaged or of a kind that is not supported.</exception>
    public static SentencePieceModel Read(ReadOnlySpan<byte> bytes, string file)
    {
        SentencePieceModel model;
        try
        {
            model = Message(bytes);
        }
        catch (Exception e) when (e is InvalidDataException or ArgumentException)
        {
            throw new DataException(file, null, $"this is no SentencePiece model ({e.Message.TrimEnd('.')})", Fix, e);
        }

        Check(model, file);
        return model;
    }

    private static SentencePieceModel Message(ReadOnlySpan<byte> bytes)
    {
        List<Piece> pieces = [];
        SentencePieceModel model = new() { Pieces = pieces, UnknownId = -1 };
        ProtoReader reader = new(bytes);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    pieces.Add(ReadPiece(reader.Bytes));
                    break;
                case 2:
                    model = Trainer(reader.Bytes, model);
                    break;
                case 3:
                    model = Normalizer(reader.Bytes, model);
                    break;
                default:
                    // Test data, and the denormaliser that only decoding of very few models uses.
                    break;
            }
        }

        return model with { UnknownId = pieces.FindIndex(static piece => piece.Kind == PieceKind.Unknown) };
    }

    private static Piece ReadPiece(ReadOnlySpan<byte> bytes)
    {
        (string text, float score, PieceKind kind) = ("", 0, PieceKind.Normal);
        ProtoReader reader = new(bytes);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    text = Strict.GetString(reader.Bytes);
                    break;
                case 2:
                    score = reader.Single;
                    break;
                case 3:
                    kind = reader.Number is >= 1 and <= 6 ? (PieceKind)reader.Number : throw new InvalidDataException("a piece is of an unknown kind");
                    break;
            }
        }

        return text.Length > 0 && float.IsFinite(score) ? new Piece(text, score, kind) : throw new InvalidDataException("a piece is empty or its score is no number");
    }

    private static SentencePieceModel Trainer(ReadOnlySpan<byte> bytes, SentencePieceModel model)
    {
        ProtoReader reader = new(bytes);
        while (reader.Next())
        {
            model = reader.Field switch
            {
                3 => model with { ModelType = (int)Math.Min(reader.Number, int.MaxValue) },
                24 => model with { SpaceAsSuffix = reader.Flag },
                35 => model with { ByteFallback = reader.Flag },
                44 => model with { UnknownSurface = Strict.GetString(reader.Bytes) },
                _ => model,
            };
        }

        return model;
    }

    private static SentencePieceModel Normalizer(ReadOnlySpan<byte> bytes, SentencePieceModel model)
    {
        ProtoReader reader = new(bytes);
        while (reader.Next())
        {
            model = reader.Field switch
            {
                2 => model with { Rules = CharsMap.Parse(reader.Bytes) },
                3 => model with { AddDummyPrefix = reader.Flag },
                4 => model with { RemoveExtraSpaces = reader.Flag },
                5 => model with { EscapeSpaces = reader.Flag },
                _ => model,
            };
        }

        return model;
    }

    private static void Check(SentencePieceModel model, string file)
    {
        if (model.Pieces.Count == 0 || model.Pieces.Count(static piece => piece.Kind == PieceKind.Unknown) != 1)
        {
            throw new DataException(file, null, $"this is no SentencePiece model ({model.Pieces.Count} pieces, one unknown piece is needed)", Fix);
        }

        if (model.ModelType != 1)
        {
            string kind = model.ModelType switch { 2 => "BPE", 3 => "word", 4 => "character", _ => $"number {model.ModelType}" };
            throw new DataException(file, null, $"a SentencePiece model of type {kind} is not supported", "Put the base model's tokenizer.json beside it; it is read first");
        }

        if (model.SpaceAsSuffix)
        {
            throw new DataException(file, null, "a SentencePiece model with spaces after words is not supported", "Put the base model's tokenizer.json beside it; it is read first");
        }

        if (model.ByteFallback && model.Pieces.Where(static piece => piece.Kind == PieceKind.Byte).Select(static piece => piece.Text).Distinct(StringComparer.Ordinal).Count() != 256)
        {
            throw new DataException(file, null, "the model turns unknown characters into bytes, but not every byte has a piece", Fix);
        }
    }
}
