namespace Sweeps.Models.Methods.Full;

/// <summary>Trains every weight above the frozen layers, and the head.</summary>
public sealed class FullFineTuning : TrainingMethod
{
    private readonly Transformer model;

    /// <summary>Turns gradients on in <paramref name="model"/> and the head.</summary>
    /// <param name="model">Its weights are trained in place.</param>
    /// <param name="headParameters">Weights of the head, always trained; none for heads without weights.</param>
    /// <param name="frozenLayers">
    /// The embeddings and this many bottom blocks stay as they are, and an output head tied to the embeddings with them;
    /// 0 trains all.
    /// </param>
    /// <exception cref="ArgumentException"><paramref name="frozenLayers"/> is out of range, or the model is quantised.</exception>
    public FullFineTuning(Transformer model, IReadOnlyList<NamedParameter> headParameters, int frozenLayers = 0)
    {
        CheckFrozenLayers(model, frozenLayers);
        if (model.IsQuantised)
        {
            throw new ArgumentException(
                "method full cannot train a base that is held in 4 bits: use method qlora, or the base as it was before it was "
                + "quantised");
        }

        this.model = model;
        Trainable =
        [
            .. model.Parameters.Where(parameter => !IsFrozen(parameter.Layer, frozenLayers)),
            .. headParameters,
        ];
        SetGradients(model, Trainable);
    }

    /// <inheritdoc />
    public override IReadOnlyList<NamedParameter> Trainable { get; }

    /// <inheritdoc />
    protected override void Dispose(bool disposing) => SetGradients(model, []);
}
