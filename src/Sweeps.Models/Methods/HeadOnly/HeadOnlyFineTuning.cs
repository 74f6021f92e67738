namespace Sweeps.Models.Methods.HeadOnly;

/// <summary>Trains the head on a frozen model, which may be quantised.</summary>
public sealed class HeadOnlyFineTuning : TrainingMethod
{
    private readonly Transformer model;

    /// <summary>Turns gradients off in <paramref name="model"/> and on in the head.</summary>
    /// <exception cref="ArgumentException">The head has no weights of its own.</exception>
    public HeadOnlyFineTuning(Transformer model, IReadOnlyList<NamedParameter> headParameters)
    {
        if (headParameters.Count == 0)
        {
            throw new ArgumentException(
                "method head-only trains nothing but the head, and this head has no weights of its own: use head linear or trimmed");
        }

        this.model = model;
        Trainable = headParameters;
        SetGradients(model, Trainable);
    }

    /// <inheritdoc />
    public override IReadOnlyList<NamedParameter> Trainable { get; }

    /// <inheritdoc />
    protected override void Dispose(bool disposing) => SetGradients(model, []);
}
