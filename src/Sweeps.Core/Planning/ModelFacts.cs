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

    /// <summary>Modules that hold weights, the names that end in <c>.weight</c> and the like without that; null when they were not told.</summary>
    public IReadOnlyList<string>? Modules { get; init; }

    /// <summary>The one of <see cref="Modules"/> whose weights are also the output projection; null: the two are apart.</summary>
    public string? TiedModule { get; init; }

    /// <summary>What the module of a linear or trimmed head is called.</summary>
    public string HeadModule { get; init; } = "score";

    /// <summary>Share of unknown tokens over the training texts, 0 to 1; null when no data were given.</summary>
    public double? UnknownShare { get; init; }

    /// <summary>Mean tokens an example, in the first form of <see cref="Texts"/>; null when no data were given.</summary>
    public double? MeanTokens { get; init; }

    /// <summary>The forms of prompts that were looked at; null when no data were given.</summary>
    public IReadOnlyList<TextFacts>? Texts { get; init; }

    /// <summary>
    /// Tokens of the texts of each label, in label order; none where a token is not known. Null when no labels were given.
    /// </summary>
    public IReadOnlyList<IReadOnlyList<IReadOnlyList<int>>>? LabelTokens { get; init; }

    /// <summary>As <see cref="LabelTokens"/>, for labels that are answers in the base's chat layout; null: not asked for.</summary>
    public IReadOnlyList<IReadOnlyList<IReadOnlyList<int>>>? ChatLabelTokens { get; init; }

    /// <summary>The end token of the tokenizer; null: it names none.</summary>
    public int? EndToken { get; init; }

    /// <summary>What is known of a trial's prompts; null: nothing.</summary>
    public TextFacts? TextOf(Spec.TrialSettings settings)
    {
        var form = Texts is null ? null : TextFacts.FormOf(settings, MaxPositions);
        return Texts?.FirstOrDefault(text => text.Form == form);
    }

    /// <summary>Mean tokens of a trial's examples, as far as is known; null when no data were given.</summary>
    public double? MeanTokensOf(Spec.TrialSettings settings) =>
        MeanTokens + (TextOf(settings) is { } text ? text.FixedTokens - Texts![0].FixedTokens : 0);
}
