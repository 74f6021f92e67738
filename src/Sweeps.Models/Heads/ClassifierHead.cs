using Sweeps.Models.Ops;
using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models.Heads;

/// <summary>Turns hidden states into one score per label. Shapes: B texts, T tokens, H hidden size, C labels.</summary>
public abstract class ClassifierHead : IDisposable
{
    private ClassLoss objective = new();

    /// <summary>Number of labels, C.</summary>
    public abstract int LabelCount { get; }

    /// <summary>Weights of the head's own, under their Hugging Face names; none for heads that use the model's.</summary>
    public virtual IReadOnlyList<NamedParameter> Parameters => [];

    /// <summary>
    /// Whether the head reads what comes after a decoder's text: the text must end where the answer begins, without an end token.
    /// </summary>
    public virtual bool ReadsNextToken => false;

    /// <summary>How losses are weighted; default plain cross-entropy.</summary>
    /// <exception cref="ArgumentException">Not one weight for each label, or a value out of range.</exception>
    public ClassLoss Objective
    {
        get => objective;
        set
        {
            value.Check(LabelCount);
            objective = value;
        }
    }

    /// <summary>The one position of each text that the head reads: B indices into the flattened batch, in order.</summary>
    /// <exception cref="NotSupportedException">The head reads whole texts: use <see cref="Hidden(Transformer, TokenBatch, DropoutContext)"/>.</exception>
    public abstract long[] Positions(Transformer model, TokenBatch batch);

    /// <summary>
    /// What the head reads of the hidden states, [B, H], with the last block computed only where it reads: the fast way
    /// to <see cref="Logits"/> and <see cref="Loss"/>.
    /// </summary>
    public Tensor Hidden(Transformer model, TokenBatch batch, DropoutContext dropout) =>
        Hidden(model, model.Embed(batch, dropout), 0, batch, dropout);

    /// <summary>As the other overload, from the output [B, T, H] of the blocks below <paramref name="from"/>.</summary>
    public virtual Tensor Hidden(Transformer model, Tensor hidden, int from, TokenBatch batch, DropoutContext dropout) =>
        model.HiddenAt(hidden, from, batch, Positions(model, batch), dropout);

    /// <summary>
    /// Scores [B, C] of a batch, in 32 bits; their softmax are the labels' probabilities, or their sigmoids where labels are
    /// independent of each other.
    /// </summary>
    public virtual Tensor Scores(Transformer model, TokenBatch batch, DropoutContext dropout) =>
        Logits(model, Hidden(model, batch, dropout), batch, dropout);

    /// <summary>
    /// The labels of each text, ascending, without dropout: the one that <see cref="Decide"/> gives, none for its -1; or all that
    /// are at least as likely as not, where labels are independent of each other.
    /// </summary>
    public virtual int[][] LabelsOf(Transformer model, TokenBatch batch) =>
        Array.ConvertAll(Decide(model, batch), label => label < 0 ? (int[])[] : [label]);

    /// <summary>What <see cref="Loss"/> takes of the labels of some texts: their numbers.</summary>
    /// <param name="labels">Label numbers of each text, from 0; one each, unless labels are independent of each other.</param>
    /// <exception cref="ArgumentException">A text has not one label.</exception>
    public virtual long[] Targets(IReadOnlyList<int[]> labels) =>
        [.. labels.Select(own => own is [var only] ? (long)only : throw new ArgumentException($"the head takes one label a text; found {own.Length}"))];

    /// <summary>The label of each text, without dropout: the one with the highest score; -1 where a head names none.</summary>
    public virtual int[] Decide(Transformer model, TokenBatch batch)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        return Array.ConvertAll(Scores(model, batch, DropoutContext.None).argmax(1).cpu().data<long>().ToArray(), label => (int)label);
    }

    /// <summary>Scores [B, C], in 32 bits.</summary>
    /// <param name="model">The model.</param>
    /// <param name="hidden">Its hidden states: all of them [B, T, H], or what <c>Hidden</c> gives, [B, H].</param>
    /// <param name="batch">The texts.</param>
    /// <param name="dropout">Dropout of this micro-step.</param>
    public Tensor Logits(Transformer model, Tensor hidden, TokenBatch batch, DropoutContext dropout) =>
        Wide(Score(model, RowsOf(model, hidden, batch), dropout));

    /// <summary>What <paramref name="labels"/> count in a mean over texts: the divisor of their own mean.</summary>
    public virtual double Weight(long[] labels) => Objective.Weight(labels);

    /// <summary>Sum over the texts of the losses of <paramref name="labels"/>, divided by <paramref name="divisor"/>.</summary>
    /// <param name="model">The model.</param>
    /// <param name="hidden">As in <see cref="Logits"/>.</param>
    /// <param name="batch">The texts.</param>
    /// <param name="labels">As <see cref="Targets"/> gives them: B label numbers; for multi-label heads B * C zeros and ones, row by row.</param>
    /// <param name="dropout">Dropout of this micro-step.</param>
    /// <param name="divisor"><see cref="Weight"/> of the whole accumulation group; null is that of these labels: the mean.</param>
    public virtual Tensor Loss(
        Transformer model, Tensor hidden, TokenBatch batch, long[] labels, DropoutContext dropout, double? divisor = null) =>
        LossOf(Logits(model, hidden, batch, dropout), labels, divisor);

    /// <summary>The loss of scores [B, C]; see <see cref="Loss"/>.</summary>
    public virtual Tensor LossOf(Tensor logits, long[] labels, double? divisor = null) =>
        Objective.Sum(logits, labels).div(divisor ?? Weight(labels));

    /// <inheritdoc />
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Scores [B, C] from what the head reads, [B, H].</summary>
    protected abstract Tensor Score(Transformer model, Tensor rows, DropoutContext dropout);

    /// <summary>What the head reads, [B, H], of whole hidden states or of what is already that.</summary>
    private protected virtual Tensor RowsOf(Transformer model, Tensor hidden, TokenBatch batch) =>
        hidden.dim() == 2 ? hidden : Transformer.Rows(hidden, batch, Positions(model, batch));

    /// <summary>The weights that go when the head goes.</summary>
    private protected virtual IEnumerable<NamedParameter> Owned => Parameters;

    /// <summary>Frees the head's weights.</summary>
    protected virtual void Dispose(bool disposing)
    {
        foreach (var parameter in Owned)
        {
            parameter.Value.Dispose();
        }
    }

    private protected static Tensor Wide(Tensor logits) =>
        logits.dtype == ScalarType.Float32 ? logits : logits.to_type(ScalarType.Float32);
}
