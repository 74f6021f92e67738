using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models.Ops.Fused;

/// <summary><see cref="GatedKernel"/> in the autograd graph. Arguments: gate, up, shape.</summary>
internal sealed class GatedFunction : autograd.SingleTensorFunction<GatedFunction>
{
    public override string Name => nameof(GatedFunction);

    public static Tensor Run(Tensor gate, Tensor up, GatedKernel.Shape shape)
    {
        var (first, second) = (gate.contiguous(), up.contiguous());
        return FusedMemory.Records(gate, up) ? apply(first, second, shape) : Compute(first, second, shape);
    }

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (gate, up) = ((Tensor)vars[0], (Tensor)vars[1]);
        var shape = (GatedKernel.Shape)vars[2];
        ctx.save_for_backward([gate, up]);
        ctx.save_data("shape", shape);
        return Compute(gate, up, shape);
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        FusedMemory.ReleaseHandedOver();
        var saved = ctx.get_saved_variables();
        using Tensor gate = saved[0], up = saved[1], incoming = grad_output, gradient = incoming.contiguous();
        Tensor gateGradient = empty_like(gate), upGradient = empty_like(up);
        GatedKernel.Backward(
            FusedMemory.Floats(gate),
            FusedMemory.Floats(up),
            FusedMemory.Floats(gradient),
            FusedMemory.Floats(gateGradient),
            FusedMemory.Floats(upGradient),
            (GatedKernel.Shape)ctx.get_data("shape"));
        return FusedMemory.HandOver([gateGradient, upGradient, null!]);
    }

    private static Tensor Compute(Tensor gate, Tensor up, GatedKernel.Shape shape)
    {
        var output = empty_like(gate);
        GatedKernel.Forward(FusedMemory.Floats(gate), FusedMemory.Floats(up), FusedMemory.Floats(output), shape);
        return output;
    }
}
