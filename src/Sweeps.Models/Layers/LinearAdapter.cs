using Sweeps.Models.Ops;
using static TorchSharp.torch;

namespace Sweeps.Models.Layers;

/// <summary>
/// Trained weights on a frozen linear layer. Adapters are held in 32 bits whatever the layer's type, as PEFT does.
/// </summary>
/// <param name="target">The layer.</param>
internal abstract class LinearAdapter(Linear target)
{
    /// <summary>Start of an adapter tensor's name in a PEFT file.</summary>
    protected const string Prefix = "base_model.model.";

    /// <summary>The layer.</summary>
    public Linear Target { get; } = target;

    /// <summary>What is trained, under the names of adapter_model.safetensors.</summary>
    public abstract IReadOnlyList<NamedParameter> Parameters { get; }

    /// <summary>The layer's output [n, out] with the adapter, from its input [n, in].</summary>
    public abstract Tensor Forward(Tensor input, DropoutContext dropout);

    /// <summary>Changes the layer's weights, in place, so that it gives the adapter's output by itself.</summary>
    public abstract void Merge();

    /// <summary>Undoes <see cref="Merge"/>, up to rounding. The adapter's weights are those of that time.</summary>
    public abstract void Unmerge();

    /// <summary>Frees the adapter's weights.</summary>
    public virtual void Free()
    {
        foreach (var parameter in Parameters)
        {
            parameter.Free();
        }
    }
}
