using System.Numerics;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models.Optim;

/// <summary>Clipping by the global norm, equal to torch.nn.utils.clip_grad_norm_.</summary>
public static class GradientClipping
{
    /// <summary>The Euclidean norm over all gradients; parameters without one count 0.</summary>
    public static double Norm(IEnumerable<NamedParameter> parameters)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        return Math.Sqrt(parameters.Select(parameter => parameter.Value.grad).OfType<Tensor>().Sum(SumOfSquares));
    }

    /// <summary>Scales all gradients so that their norm is at most <paramref name="maximum"/>; returns the norm before.</summary>
    /// <param name="parameters">All trained parameters.</param>
    /// <param name="maximum">Above 0; infinity only measures.</param>
    public static double Clip(IReadOnlyCollection<NamedParameter> parameters, double maximum)
    {
        var norm = Norm(parameters);
        var factor = maximum / (norm + 1e-6);
        if (factor < 1)
        {
            using var scope = NewDisposeScope();
            using var off = no_grad();
            foreach (var parameter in parameters)
            {
                parameter.Value.grad?.mul_(factor);
            }
        }

        return norm;
    }

    private static double SumOfSquares(Tensor gradient)
    {
        if (gradient.dtype != ScalarType.Float32 || gradient.device_type != DeviceType.CPU)
        {
            return gradient.to_type(ScalarType.Float32).square().sum().to_type(ScalarType.Float64).item<double>();
        }

        var values = MemoryMarshal.Cast<byte, float>(gradient.contiguous().bytes);
        var vectors = MemoryMarshal.Cast<float, Vector<float>>(values);
        Vector<double> even = default, odd = default;
        foreach (var vector in vectors)
        {
            Vector.Widen(vector, out var low, out var high);
            even += low * low;
            odd += high * high;
        }

        var sum = Vector.Sum(even + odd);
        foreach (var value in values[(vectors.Length * Vector<float>.Count)..])
        {
            sum += (double)value * value;
        }

        return sum;
    }
}
