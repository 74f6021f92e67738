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

    /// <inheritdoc />
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees what is held for the texts.</summary>
    protected abstract void Dispose(bool disposing);
}
