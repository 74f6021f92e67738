namespace Sweeps.Data.Tokenizers;

/// <summary>Text to token ids and back, equal to what the Hugging Face tokenizer of the same folder gives. Thread-safe.</summary>
public interface ITokenizer
{
    /// <summary>How many ids there are: the largest id plus one. A model's embedding table may have more rows.</summary>
    int VocabularySize { get; }

    /// <summary>Begin of text, if the folder names one.</summary>
    int? BosId { get; }

    /// <summary>End of text, if the folder names one.</summary>
    int? EosId { get; }

    /// <summary>Padding, if the folder names one.</summary>
    int? PadId { get; }

    /// <summary>Unknown word, if there is one.</summary>
    int? UnkId { get; }

    /// <summary>The classification token in front (BERT), if there is one.</summary>
    int? ClsId { get; }

    /// <summary>The separator at the end (BERT), if there is one.</summary>
    int? SepId { get; }

    /// <summary>The special ids put before a text.</summary>
    IReadOnlyList<int> Prefix { get; }

    /// <summary>The special ids put after a text.</summary>
    IReadOnlyList<int> Suffix { get; }

    /// <summary>The ids of a text.</summary>
    /// <param name="text">The text; special tokens written out in it become their ids, as in Hugging Face.</param>
    /// <param name="addSpecial">Whether <see cref="Prefix"/> and <see cref="Suffix"/> are put around it.</param>
    int[] Encode(string text, bool addSpecial = true);

    /// <summary>The ids of two texts that a model reads together, as Hugging Face joins them.</summary>
    /// <param name="first">The first text.</param>
    /// <param name="second">The second text.</param>
    /// <param name="maxLength">Most ids, special ones included; the longer text loses tokens at its end first
    /// (<c>longest_first</c>). Null: nothing is cut.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxLength"/> is less than the special ids alone.</exception>
    PairEncoding EncodePair(string first, string second, int? maxLength = null);

    /// <summary>The tokens of a text without <see cref="Prefix"/> and <see cref="Suffix"/>, each with its place in it.</summary>
    IReadOnlyList<Token> Tokenize(string text);

    /// <summary>The text of ids.</summary>
    /// <param name="ids">Token ids; ids out of the vocabulary are passed over.</param>
    /// <param name="skipSpecial">Whether special tokens are left out.</param>
    string Decode(ReadOnlySpan<int> ids, bool skipSpecial = true);

    /// <summary>How many tokens of the text are unknown.</summary>
    /// <returns>Unknown tokens and all tokens, special ones that are added not counted.</returns>
    UnknownCount CountUnknown(string text);

    /// <summary>The id of a token as written in the vocabulary, or null.</summary>
    int? IdOf(string token);

    /// <summary>A token as written in the vocabulary, or null.</summary>
    string? TokenOf(int id);

    /// <summary>Whether an id is an added token's, which comes up only where a text has it written out or a frame adds it.</summary>
    bool IsAdded(int id);
}
