using Sweeps.Models.Ops;
using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models.Heads;

/// <summary>Turns hidden states into one score per label. Shapes: B texts, T tokens, H hidden size, C labels.</summary>
public abstract class ClassifierHead : IDisposable
{
    /// <summary>Number of labels, C.</summary>
    public abstract int LabelCount { get; }

    /// <summary>Weights of the head's own, under their Hugging Face names; none for heads that use the model's.</summary>
    public virtual IReadOnlyList<NamedParameter> Parameters => [];

    /// <summary>The one position of each text that the head reads: B indices into the flattened batch, in order.</summary>
    public abstract long[] Positions(Transformer model, TokenBatch batch);

    /// <summary>
    /// Hidden states [B, H] at <see cref="Positions"/>, with the last block computed only there: the fast way to
    /// <see cref="Logits"/> and <see cref="Loss"/>.
    /// </summary>
    public Tensor Hidden(Transformer model, TokenBatch batch, DropoutContext dropout) =>
        model.HiddenAt(batch, Positions(model, batch), dropout);

    /// <summary>Scores [B, C], in 32 bits.</summary>
    /// <param name="model">The model.</param>
    /// <param name="hidden">Its hidden states: all of them [B, T, H], or <see cref="Hidden"/> [B, H].</param>
    /// <param name="batch">The texts.</param>
    /// <param name="dropout">Dropout of this micro-step.</param>
    public Tensor Logits(Transformer model, Tensor hidden, TokenBatch batch, DropoutContext dropout) =>
        Wide(Score(model, RowsOf(model, hidden, batch), dropout));

    /// <summary>Sum over the texts of the cross-entropy of <paramref name="labels"/>, divided by <paramref name="divisor"/>.</summary>
    /// <param name="model">The model.</param>
    /// <param name="hidden">As in <see cref="Logits"/>.</param>
    /// <param name="batch">The texts.</param>
    /// <param name="labels">B label numbers from 0.</param>
    /// <param name="dropout">Dropout of this micro-step.</param>
    /// <param name="divisor">Texts of the whole accumulation group; null is B: the mean.</param>
    public virtual Tensor Loss(
        Transformer model, Tensor hidden, TokenBatch batch, long[] labels, DropoutContext dropout, double? divisor = null) =>
        CrossEntropy(Logits(model, hidden, batch, dropout), batch.Indices(labels), divisor ?? batch.Rows);

    /// <summary>Scores [B, C] from the hidden states [B, H] at <see cref="Positions"/>.</summary>
    protected abstract Tensor Score(Transformer model, Tensor rows, DropoutContext dropout);

    private protected Tensor RowsOf(Transformer model, Tensor hidden, TokenBatch batch) =>
        hidden.dim() == 2 ? hidden : Transformer.Rows(hidden, batch, Positions(model, batch));

    /// <inheritdoc />
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees the head's weights.</summary>
    protected virtual void Dispose(bool disposing)
    {
        foreach (var parameter in Parameters)
        {
            parameter.Value.Dispose();
        }
    }

    private protected static Tensor Wide(Tensor logits) =>
        logits.dtype == ScalarType.Float32 ? logits : logits.to_type(ScalarType.Float32);

    private protected static Tensor CrossEntropy(Tensor logits, Tensor targets, double divisor) =>
        nn.functional.cross_entropy(Wide(logits), targets, reduction: nn.Reduction.Sum).div_(divisor);
}
