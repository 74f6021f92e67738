using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models.Ops.Fused;

/// <summary><see cref="GatedGeluKernel"/> in the autograd graph. Arguments: gate, up.</summary>
internal sealed class GatedGeluFunction : autograd.SingleTensorFunction<GatedGeluFunction>
{
    public override string Name => nameof(GatedGeluFunction);

    public static Tensor Run(Tensor gate, Tensor up)
    {
        var (first, second) = (gate.contiguous(), up.contiguous());
        return FusedMemory.Records(gate, up) ? apply(first, second) : Compute(first, second);
    }

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (gate, up) = ((Tensor)vars[0], (Tensor)vars[1]);
        ctx.save_for_backward([gate, up]);
        return Compute(gate, up);
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        FusedMemory.ReleaseHandedOver();
        var saved = ctx.get_saved_variables();
        using Tensor gate = saved[0], up = saved[1], incoming = grad_output, gradient = incoming.contiguous();
        Tensor gateGradient = empty_like(gate), upGradient = empty_like(up);
        GatedGeluKernel.Backward(
            FusedMemory.Floats(gate),
            FusedMemory.Floats(up),
            FusedMemory.Floats(gradient),
            FusedMemory.Floats(gateGradient),
            FusedMemory.Floats(upGradient));
        return FusedMemory.HandOver([gateGradient, upGradient]);
    }

    private static Tensor Compute(Tensor gate, Tensor up)
    {
        var output = empty_like(gate);
        GatedGeluKernel.Forward(FusedMemory.Floats(gate), FusedMemory.Floats(up), FusedMemory.Floats(output));
        return output;
    }
}
