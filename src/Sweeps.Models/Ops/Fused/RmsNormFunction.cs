using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models.Ops.Fused;

/// <summary><see cref="RmsNormKernel"/> in the autograd graph. Arguments: input, weight, residual or null, offset, epsilon.</summary>
internal sealed class RmsNormFunction : autograd.SingleTensorFunction<RmsNormFunction>
{
    public override string Name => nameof(RmsNormFunction);

    public static Tensor Run(Tensor input, Tensor weight, Tensor? residual, float offset, float epsilon)
    {
        if (FusedMemory.Records(input, weight, residual))
        {
            return apply(input.contiguous(), weight, residual?.contiguous()!, offset, epsilon);
        }

        return Compute(input.contiguous(), weight, residual?.contiguous(), offset, epsilon);
    }

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (input, weight) = ((Tensor)vars[0], (Tensor)vars[1]);
        ctx.save_for_backward([input, weight]);
        ctx.save_data("need", new Need(weight.requires_grad, vars[2] is not null, (float)vars[3], (float)vars[4]));
        return Compute(input, weight, vars[2] as Tensor, (float)vars[3], (float)vars[4]);
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        FusedMemory.ReleaseHandedOver();
        var saved = ctx.get_saved_variables();
        using Tensor input = saved[0], weight = saved[1], incoming = grad_output;
        var need = (Need)ctx.get_data("need");
        var gradient = incoming.contiguous();
        var inputGradient = empty_like(input);
        var weightGradient = need.Weight ? zeros_like(weight) : null;
        RmsNormKernel.Backward(
            FusedMemory.Floats(input),
            FusedMemory.Floats(weight),
            FusedMemory.Floats(gradient),
            FusedMemory.Floats(inputGradient),
            weightGradient is null ? [] : FusedMemory.Floats(weightGradient),
            need.Offset,
            need.Epsilon);
        if (!need.Residual)
        {
            gradient.Dispose();
        }

        return FusedMemory.HandOver([inputGradient, weightGradient!, need.Residual ? gradient : null!, null!, null!]);
    }

    private static Tensor Compute(Tensor input, Tensor weight, Tensor? residual, float offset, float epsilon)
    {
        var output = empty_like(input);
        RmsNormKernel.Forward(
            FusedMemory.Floats(input),
            FusedMemory.Floats(weight),
            residual is null ? [] : FusedMemory.Floats(residual),
            FusedMemory.Floats(output),
            offset,
            epsilon);
        return output;
    }

    private sealed record Need(bool Weight, bool Residual, float Offset, float Epsilon);
}
