namespace Sweeps.Data.Tokenizers;

/// <summary>How a byte pair tokenizer reads text, beside its vocabulary and merges.</summary>
internal sealed record BytePairSettings
{
    /// <summary>Steps that turn the text into what is split.</summary>
    public required IReadOnlyList<Func<MappedText, MappedText>> Normalizers { get; init; }

    /// <summary>Cuts it into words.</summary>
    public required WordSplitter Splitter { get; init; }

    /// <summary>Whether symbols start as bytes written in <see cref="ByteAlphabet"/> (Qwen3, Llama 3) or as characters (Gemma 3).</summary>
    public required bool ByteLevel { get; init; }

    /// <summary>Whether a character out of the vocabulary becomes its bytes (&lt;0xE2&gt; ...).</summary>
    public bool ByteFallback { get; init; }

    /// <summary>Whether neighbouring unknown characters become one unknown token.</summary>
    public bool FuseUnknown { get; init; }

    /// <summary>Whether a word that is in the vocabulary is taken whole, without merges.</summary>
    public bool IgnoreMerges { get; init; }

    /// <summary>What stands for a space in tokens, to be turned back when decoding; null for byte level.</summary>
    public string? SpaceMark { get; init; }
}
