using Sweeps.Models;
using Sweeps.Models.Optim;
using static TorchSharp.torch;

namespace Sweeps.Training.Checkpoints;

/// <summary>
/// A copy of weights and optimiser that the writer thread works from while training goes on. Its buffers are made once
/// and used again; taking a copy is all that the training thread stands still for.
/// </summary>
internal sealed class CheckpointSnapshot : IDisposable
{
    private readonly Dictionary<string, Tensor> _weights;
    private readonly Dictionary<string, Tensor> _optimizer;

    /// <summary>Makes the buffers, every page touched, so that the first copy is as quick as the others.</summary>
    public CheckpointSnapshot(IReadOnlyList<NamedParameter> trainable, AdamW optimizer)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        _weights = trainable.ToDictionary(parameter => parameter.Name, parameter => Buffer(parameter.Value), StringComparer.Ordinal);
        _optimizer = optimizer.State.ToDictionary(pair => pair.Key, pair => Buffer(pair.Value), StringComparer.Ordinal);
    }

    /// <summary>Trainable weights by name.</summary>
    public IReadOnlyDictionary<string, Tensor> Weights => _weights;

    /// <summary>State of the optimiser by name.</summary>
    public IReadOnlyDictionary<string, Tensor> Optimizer => _optimizer;

    /// <summary>Copies the live tensors in; called between two steps.</summary>
    public void Take(IReadOnlyList<NamedParameter> trainable, AdamW optimizer)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        foreach (var parameter in trainable)
        {
            _weights[parameter.Name].copy_(parameter.Value);
        }

        foreach (var (name, value) in optimizer.State)
        {
            _optimizer[name].copy_(value);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in _weights.Values.Concat(_optimizer.Values))
        {
            tensor.Dispose();
        }
    }

    private static Tensor Buffer(Tensor like) =>
        zeros(like.shape, dtype: like.dtype, device: CPU).DetachFromDisposeScope();
}
