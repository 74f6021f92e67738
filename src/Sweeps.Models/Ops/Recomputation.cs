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
            ? Run([hidden.requires_grad ? hidden : hidden.detach().requires_grad_(true)], inputs => block(inputs[0]))
            : block(hidden);

    /// <summary>As the other overload for a block that reads several tensors: those that need a gradient get one.</summary>
    /// <param name="inputs">
    /// All tensors that the block reads beside its weights. Where none of them needs a gradient the block is run as it is.
    /// </param>
    /// <param name="block">The block; it gets the inputs in their order.</param>
    public static Tensor Run(IReadOnlyList<Tensor> inputs, Func<IReadOnlyList<Tensor>, Tensor> block) =>
        is_grad_enabled() && inputs.Any(input => input.requires_grad)
            ? Function.apply([.. inputs.Where(input => input.requires_grad), new Call(inputs, block)])
            : block(inputs);

    /// <summary>What is run, and which of its inputs need a gradient.</summary>
    private sealed class Call(IReadOnlyList<Tensor> inputs, Func<IReadOnlyList<Tensor>, Tensor> block)
    {
        public IReadOnlyList<Tensor> Inputs { get; private set; } = inputs;

        public bool[] Needs { get; } = [.. inputs.Select(input => input.requires_grad)];

        public Tensor Run(IReadOnlyList<Tensor> given) => block(given);

        /// <summary>From here on the graph holds the inputs.</summary>
        public void Forget() => Inputs = [];
    }

    private sealed class Function : autograd.SingleTensorFunction<Function>
    {
        public override string Name => nameof(Recomputation);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var call = (Call)vars[^1];
            ctx.save_for_backward([.. call.Inputs]);
            ctx.save_data("call", call);
            using var off = no_grad();
            var output = call.Run(call.Inputs);
            call.Forget();
            return output;
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
        {
            FusedMemory.ReleaseHandedOver();
            var call = (Call)ctx.get_data("call");
            var saved = ctx.get_saved_variables();
            List<Tensor> gradients;
            using (var incoming = grad_output)
            using (NewDisposeScope())
            {
                using var on = enable_grad();
                var given = saved.Select((input, index) => input.detach().requires_grad_(call.Needs[index])).ToArray();
                autograd.backward([call.Run(given)], [incoming]);
                gradients = [.. given.Where((_, index) => call.Needs[index]).Select(Gradient)];
            }

            foreach (var input in saved)
            {
                input.Dispose();
            }

            FusedMemory.ReleaseHandedOver();
            return FusedMemory.HandOver([.. gradients, null!]);
        }

        /// <summary>What the block did not use gets zeros.</summary>
        private static Tensor Gradient(Tensor input) => (input.grad ?? zeros_like(input)).DetachFromDisposeScope();
    }
}
