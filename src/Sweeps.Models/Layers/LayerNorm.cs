using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Sweeps.Models.Layers;

/// <summary>Layer norm over the last dimension, with a weight and in most families a bias.</summary>
internal sealed record LayerNorm(NamedParameter Weight, NamedParameter? Bias, double Epsilon)
{
    public Tensor Forward(Tensor input) =>
        functional.layer_norm(input, Weight.Value.shape, Weight.Value, Bias?.Value!, Epsilon);
}
