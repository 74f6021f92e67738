using static TorchSharp.torch;

namespace Sweeps.Models.Generation;

/// <summary>
/// A few texts in the middle of being continued: gives the logits of each next token. A family of models that generates
/// has one; <see cref="GreedyGeneration"/> drives it. Runs without gradients. Use once.
/// </summary>
public abstract class GenerationSession : IDisposable
{
    /// <summary>Number of texts, B.</summary>
    public abstract int Rows { get; }

    /// <summary>Size of the vocabulary, V.</summary>
    public abstract int VocabularySize { get; }

    /// <summary>Reads the prompts: logits of the first new token of each text, [B, V] in 32 bits.</summary>
    public abstract Tensor Start();

    /// <summary>Appends one token to each text: logits of the token after it, [B, V] in 32 bits.</summary>
    /// <param name="tokens">B ids.</param>
    public abstract Tensor Advance(long[] tokens);

    /// <summary>
    /// Reads the prompts, and after each of them a tree of tokens in which every token sees the prompt and its ancestors
    /// only: final hidden states [B, 1 + n, H], first those from which the first new token is told, then those of the tree.
    /// In the place of <see cref="Start"/>.
    /// </summary>
    /// <param name="tokens">n ids, parents before children.</param>
    /// <param name="parents">n indices into them; -1 for those that follow the prompt.</param>
    /// <param name="depths">n distances from the prompt, from 1.</param>
    internal abstract Tensor ReadTree(long[] tokens, int[] parents, int[] depths);

    /// <summary>A value for each text, the same for all: row by row.</summary>
    private protected T[] ForEachRow<T>(IReadOnlyCollection<T> values) =>
        [.. Enumerable.Range(0, Rows).SelectMany(_ => values)];

    /// <inheritdoc />
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees what is held for the texts.</summary>
    protected abstract void Dispose(bool disposing);
}
