namespace Sweeps.Core.Planning;

/// <summary>What <c>Sweeps.Trainer inspect</c> tells of a base model.</summary>
public sealed record ModelFacts
{
    /// <summary>Family, e.g. <c>gemma3_text</c>.</summary>
    public required string Family { get; init; }

    /// <summary>Blocks.</summary>
    public required int Layers { get; init; }

    /// <summary>Width.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Parameters.</summary>
    public required long Parameters { get; init; }

    /// <summary>Parameters of the embeddings.</summary>
    public long EmbeddingParameters { get; init; }

    /// <summary>Longest input in tokens.</summary>
    public required int MaxPositions { get; init; }

    /// <summary>Whether it generates (decoder) and so can take the head <c>label-tokens</c>.</summary>
    public required bool IsDecoder { get; init; }

    /// <summary>Whether it can write a label's text: decoders and encoder-decoders.</summary>
    public bool Writes { get; init; }

    /// <summary>Whether its matrices are held in 4 bits: then they cannot be trained.</summary>
    public bool IsQuantised { get; init; }

    /// <summary>The linear layers that adapters may go to; null when they were not told.</summary>
    public IReadOnlyList<LinearFact>? Linears { get; init; }

    /// <summary>Share of unknown tokens over the training texts, 0 to 1; null when no data were given.</summary>
    public double? UnknownShare { get; init; }

    /// <summary>Mean tokens an example; null when no data were given.</summary>
    public double? MeanTokens { get; init; }

    /// <summary>
    /// Tokens of the texts of each label, in label order; none where a token is not known. Null when no labels were given.
    /// </summary>
    public IReadOnlyList<IReadOnlyList<IReadOnlyList<int>>>? LabelTokens { get; init; }

    /// <summary>The end token of the tokenizer; null: it names none.</summary>
    public int? EndToken { get; init; }
}
