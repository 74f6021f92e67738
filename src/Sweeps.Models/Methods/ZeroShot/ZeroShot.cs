namespace Sweeps.Models.Methods.ZeroShot;

/// <summary>Trains nothing: the base model is evaluated as it is.</summary>
public sealed class ZeroShot : TrainingMethod
{
    /// <summary>Turns gradients off in <paramref name="model"/>.</summary>
    public ZeroShot(Transformer model) => SetGradients(model, []);

    /// <inheritdoc />
    public override IReadOnlyList<NamedParameter> Trainable => [];

    /// <inheritdoc />
    protected override void Dispose(bool disposing)
    {
    }
}
