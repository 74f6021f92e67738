using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models.Ops.Fused;

/// <summary><see cref="RotateKernel"/> in the autograd graph. Arguments: input, cosines, sines, heads.</summary>
internal sealed class RotateFunction : autograd.SingleTensorFunction<RotateFunction>
{
    public override string Name => nameof(RotateFunction);

    public static Tensor Run(Tensor input, RotaryTable.Slice angles, int heads)
    {
        var dense = input.contiguous();
        return FusedMemory.Records(dense)
            ? apply(dense, angles.Cos, angles.SignedSin, heads)
            : Compute(dense, angles.Cos, angles.SignedSin, heads, back: false);
    }

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (input, cos, sin, heads) = ((Tensor)vars[0], (Tensor)vars[1], (Tensor)vars[2], (int)vars[3]);
        ctx.save_for_backward([cos, sin]);
        ctx.save_data("heads", heads);
        return Compute(input, cos, sin, heads, back: false);
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        FusedMemory.ReleaseHandedOver();
        var saved = ctx.get_saved_variables();
        using Tensor cos = saved[0], sin = saved[1], incoming = grad_output, gradient = incoming.contiguous();
        return FusedMemory.HandOver([Compute(gradient, cos, sin, (int)ctx.get_data("heads"), back: true), null!, null!, null!]);
    }

    private static Tensor Compute(Tensor input, Tensor cos, Tensor sin, int heads, bool back)
    {
        var output = empty_like(input);
        RotateKernel.Run(
            FusedMemory.Floats(input),
            FusedMemory.Floats(cos),
            FusedMemory.Floats(sin),
            FusedMemory.Floats(output),
            heads,
            (int)input.size(-1),
            back);
        return output;
    }
}
