using Sweeps.Models.Ops.Fused;
using static TorchSharp.torch;

namespace Sweeps.Models.Ops;

/// <summary>
/// Gradient checkpointing (https://arxiv.org/abs/1604.06174): a block keeps its input only and is computed a second time in
/// the backward pass. The second time is equal to the first bit for bit, dropout included, because masks are a function of
/// step and site; so are the gradients.
/// </summary>
internal static class Recomputation
{
    /// <summary>Runs a block without keeping what lies between input and output.</summary>
    /// <param name="hidden">The block's input.</param>
    /// <param name="block">The block; a function of its input and of weights that do not change before the backward pass.</param>
    public static Tensor Run(Tensor hidden, Func<Tensor, Tensor> block) =>
        is_grad_enabled()
            ? Function.apply(hidden.requires_grad ? hidden : hidden.detach().requires_grad_(true), block)
            : block(hidden);

    private sealed class Function : autograd.SingleTensorFunction<Function>
    {
        public override string Name => nameof(Recomputation);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var (hidden, block) = ((Tensor)vars[0], (Func<Tensor, Tensor>)vars[1]);
            ctx.save_for_backward([hidden]);
            ctx.save_data("block", block);
            using var off = no_grad();
            return block(hidden);
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
        {
            FusedMemory.ReleaseHandedOver();
            using Tensor saved = ctx.get_saved_variables()[0], incoming = grad_output;
            var block = (Func<Tensor, Tensor>)ctx.get_data("block");
            Tensor gradient;
            using (NewDisposeScope())
            {
                using var on = enable_grad();
                var input = saved.detach().requires_grad_(true);
                autograd.backward([block(input)], [incoming]);
                gradient = input.grad!.DetachFromDisposeScope();
            }

            FusedMemory.ReleaseHandedOver();
            return FusedMemory.HandOver([gradient, null!]);
        }
    }
}
