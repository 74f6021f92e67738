using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models.Ops.Fused;

/// <summary><see cref="NormRotateKernel"/> in the autograd graph. Arguments: input, weight, tables, shape.</summary>
internal sealed class NormRotateFunction : autograd.SingleTensorFunction<NormRotateFunction>
{
    public override string Name => nameof(NormRotateFunction);

    public static Tensor Run(Tensor input, Tensor weight, RotaryTable.Slice angles, NormRotateKernel.Shape shape)
    {
        var dense = input.contiguous();
        return FusedMemory.Records(input, weight) ? apply(dense, weight, angles, shape) : Compute(dense, weight, angles, shape);
    }

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (input, weight) = ((Tensor)vars[0], (Tensor)vars[1]);
        var (angles, shape) = ((RotaryTable.Slice)vars[2], (NormRotateKernel.Shape)vars[3]);
        ctx.save_for_backward([input, weight]);
        ctx.save_data("need", new Need(weight.requires_grad, angles, shape));
        return Compute(input, weight, angles, shape);
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        FusedMemory.ReleaseHandedOver();
        var saved = ctx.get_saved_variables();
        using Tensor input = saved[0], weight = saved[1], incoming = grad_output, gradient = incoming.contiguous();
        var need = (Need)ctx.get_data("need");
        var inputGradient = empty_like(input);
        var weightGradient = need.Weight ? zeros_like(weight) : null;
        NormRotateKernel.Backward(
            FusedMemory.Floats(input),
            FusedMemory.Floats(weight),
            FusedMemory.Floats(need.Angles.Cos),
            FusedMemory.Floats(need.Angles.SignedSin),
            FusedMemory.Floats(gradient),
            FusedMemory.Floats(inputGradient),
            weightGradient is null ? [] : FusedMemory.Floats(weightGradient),
            need.Shape);
        return FusedMemory.HandOver([inputGradient, weightGradient!, null!, null!]);
    }

    private static Tensor Compute(Tensor input, Tensor weight, RotaryTable.Slice angles, NormRotateKernel.Shape shape)
    {
        var output = empty_like(input);
        NormRotateKernel.Forward(
            FusedMemory.Floats(input),
            FusedMemory.Floats(weight),
            FusedMemory.Floats(angles.Cos),
            FusedMemory.Floats(angles.SignedSin),
            FusedMemory.Floats(output),
            shape);
        return output;
    }

    private sealed record Need(bool Weight, RotaryTable.Slice Angles, NormRotateKernel.Shape Shape);
}
