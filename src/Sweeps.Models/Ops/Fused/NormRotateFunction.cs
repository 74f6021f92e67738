using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models.Ops.Fused;

/// <summary><see cref="NormRotateKernel"/> in the autograd graph. Arguments: input, weight, cosines, sines, shape.</summary>
internal sealed class NormRotateFunction : autograd.SingleTensorFunction<NormRotateFunction>
{
    public override string Name => nameof(NormRotateFunction);

    public static Tensor Run(Tensor input, Tensor weight, RotaryTable.Slice angles, NormRotateKernel.Shape shape)
    {
        var dense = input.contiguous();
        return FusedMemory.Records(input, weight)
            ? apply(dense, weight, angles.Cos, angles.SignedSin, shape)
            : Compute(dense, weight, angles.Cos, angles.SignedSin, shape);
    }

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (input, weight, cos, sin) = ((Tensor)vars[0], (Tensor)vars[1], (Tensor)vars[2], (Tensor)vars[3]);
        var shape = (NormRotateKernel.Shape)vars[4];
        ctx.save_for_backward([input, weight, cos, sin]);
        ctx.save_data("need", new Need(weight.requires_grad, shape));
        return Compute(input, weight, cos, sin, shape);
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        FusedMemory.ReleaseHandedOver();
        var saved = ctx.get_saved_variables();
        using Tensor input = saved[0], weight = saved[1], cos = saved[2], sin = saved[3];
        using Tensor incoming = grad_output, gradient = incoming.contiguous();
        var need = (Need)ctx.get_data("need");
        var inputGradient = empty_like(input);
        var weightGradient = need.Weight ? zeros_like(weight) : null;
        NormRotateKernel.Backward(
            FusedMemory.Floats(input),
            FusedMemory.Floats(weight),
            FusedMemory.Floats(cos),
            FusedMemory.Floats(sin),
            FusedMemory.Floats(gradient),
            FusedMemory.Floats(inputGradient),
            weightGradient is null ? [] : FusedMemory.Floats(weightGradient),
            need.Shape);
        return FusedMemory.HandOver([inputGradient, weightGradient!, null!, null!, null!]);
    }

    private static Tensor Compute(Tensor input, Tensor weight, Tensor cos, Tensor sin, NormRotateKernel.Shape shape)
    {
        var output = empty_like(input);
        NormRotateKernel.Forward(
            FusedMemory.Floats(input),
            FusedMemory.Floats(weight),
            FusedMemory.Floats(cos),
            FusedMemory.Floats(sin),
            FusedMemory.Floats(output),
            shape);
        return output;
    }

    private sealed record Need(bool Weight, NormRotateKernel.Shape Shape);
}
