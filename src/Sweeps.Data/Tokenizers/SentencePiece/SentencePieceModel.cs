namespace Sweeps.Data.Tokenizers.SentencePiece;

/// <summary>What a piece of a SentencePiece model is (sentencepiece_model.proto).</summary>
internal enum PieceKind
{
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6,
}

/// <summary>A piece; its place in the list is its id.</summary>
internal readonly record struct Piece(string Text, float Score, PieceKind Kind);

/// <summary>A SentencePiece model file (tokenizer.model, spiece.model, spm.model), as far as encoding and decoding need it.</summary>
internal sealed record SentencePieceModel
{
    public required IReadOnlyList<Piece> Pieces { get; init; }

    /// <summary>The only unknown piece.</summary>
    public required int UnknownId { get; init; }

    /// <summary>1: Unigram, 2: BPE, 3: words, 4: characters.</summary>
    public int ModelType { get; init; } = 1;

    /// <summary>Whether unknown characters become bytes.</summary>
    public bool ByteFallback { get; init; }

    /// <summary>What decoding writes for an unknown piece.</summary>
    public string UnknownSurface { get; init; } = " \u2047 ";

    /// <summary>Whether the mark of a space stands after words.</summary>
    public bool SpaceAsSuffix { get; init; }

    /// <summary>The rules that normalise characters; null for none.</summary>
    public CharsMap? Rules { get; init; }

    /// <summary>Whether a text gets a space in front.</summary>
    public bool AddDummyPrefix { get; init; } = true;

    /// <summary>Whether runs of spaces become one and those at the borders go.</summary>
    public bool RemoveExtraSpaces { get; init; } = true;

    /// <summary>Whether spaces are written as U+2581.</summary>
    public bool EscapeSpaces { get; init; } = true;
}
