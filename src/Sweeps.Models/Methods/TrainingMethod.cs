using static TorchSharp.torch;

namespace Sweeps.Models.Methods;

/// <summary>Which weights a trial trains.</summary>
public abstract class TrainingMethod : IDisposable
{
    /// <summary>The weights that get gradients, in a fixed order: model or adapters first, then the head.</summary>
    public abstract IReadOnlyList<NamedParameter> Trainable { get; }

    /// <summary>Number of trained elements.</summary>
    public long TrainableCount => Trainable.Sum(parameter => parameter.Count);

    /// <inheritdoc />
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Leaves the model as it was before the method was applied, but for the values of its weights.</summary>
    protected abstract void Dispose(bool disposing);

    /// <summary>Whether a weight of <paramref name="layer"/> lies in the embeddings or the bottom blocks that are frozen.</summary>
    internal static bool IsFrozen(int layer, int frozenLayers) => frozenLayers > 0 && layer < frozenLayers;

    /// <exception cref="ArgumentException">Negative, or more than the model has.</exception>
    internal static void CheckFrozenLayers(Transformer model, int frozenLayers)
    {
        if (frozenLayers < 0 || frozenLayers > model.BlockCount)
        {
            throw new ArgumentException(
                $"frozen_layers must be from 0 (train all) to {model.BlockCount}, the number of blocks; found {frozenLayers}");
        }
    }

    /// <summary>Turns gradients on for <paramref name="trainable"/> and off for every other weight of the model.</summary>
    internal static void SetGradients(Transformer model, IReadOnlyCollection<NamedParameter> trainable)
    {
        foreach (var parameter in model.Parameters.Where(parameter => !parameter.IsPacked))
        {
            parameter.Value.requires_grad_(false);
        }

        foreach (var parameter in trainable)
        {
            parameter.Value.requires_grad_(true);
        }
    }
}
