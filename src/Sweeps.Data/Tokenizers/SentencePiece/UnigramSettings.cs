namespace Sweeps.Data.Tokenizers.SentencePiece;

/// <summary>When a text gets the mark of a space in front (Metaspace, <c>prepend_scheme</c>).</summary>
internal enum Prepend
{
    Always,
    First,
    Never,
}

/// <summary>How a Unigram tokenizer of tokenizer.json reads text, beside its pieces.</summary>
internal sealed record UnigramSettings
{
    /// <summary>Steps that turn the text into what is cut.</summary>
    public required IReadOnlyList<Func<MappedText, MappedText>> Normalizers { get; init; }

    /// <summary>Whether white space cuts and is left out.</summary>
    public bool SplitWhiteSpace { get; init; }

    /// <summary>What stands for a space; null when spaces stay.</summary>
    public char? Mark { get; init; }

    /// <summary>When the mark is put in front.</summary>
    public Prepend Prepend { get; init; } = Prepend.Never;

    /// <summary>Whether each mark begins a word that pieces stay within.</summary>
    public bool SplitAtMarks { get; init; }

    /// <summary>Whether unknown characters become their bytes (&lt;0xE2&gt; ...).</summary>
    public bool ByteFallback { get; init; }

    /// <summary>What becomes a space when decoding; null for none.</summary>
    public string? DecodeMark { get; init; }

    /// <summary>Whether the marks of the first token go when decoding.</summary>
    public bool DropsFirstMarks { get; init; }
}
