using Sweeps.Models.Ops.Fused;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Sweeps.Models.Quantization;

/// <summary>
/// y = x W^T + b with a packed, frozen W: unpacked for the product and forgotten, and unpacked again in the backward pass.
/// Forward unpacks straight to the compute type, backward through the type W was quantised from, as bitsandbytes does.
/// Arguments: input, the matrix, bias or null.
/// </summary>
internal sealed class Nf4LinearFunction : autograd.SingleTensorFunction<Nf4LinearFunction>
{
    public override string Name => nameof(Nf4LinearFunction);

    /// <summary>[n, in] to [n, out], of the input's type.</summary>
    public static Tensor Run(Tensor input, Nf4Matrix weight, Tensor? bias) =>
        FusedMemory.Records(input) ? apply(input, weight, bias!) : Compute(input, weight, bias);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (input, weight) = ((Tensor)vars[0], (Nf4Matrix)vars[1]);
        ctx.save_data("need", new Need(weight, input.dtype));
        return Compute(input, weight, vars[2] as Tensor);
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        FusedMemory.ReleaseHandedOver();
        var need = (Need)ctx.get_data("need");
        var compute = need.Weight.ComputeType;
        using var incoming = grad_output;
        using var scope = NewDisposeScope();
        var dense = As(need.Weight.Dense(need.Weight.SourceType), compute);
        var gradient = As(functional.linear(As(incoming, compute), dense.t()), need.Input);
        return FusedMemory.HandOver([gradient.MoveToOuterDisposeScope(), null!, null!]);
    }

    private static Tensor Compute(Tensor input, Nf4Matrix weight, Tensor? bias)
    {
        using var scope = NewDisposeScope();
        var compute = weight.ComputeType;
        var product = functional.linear(As(input, compute), weight.Dense(compute), bias is null ? null! : As(bias, compute));
        return As(product, input.dtype).MoveToOuterDisposeScope();
    }

    private static Tensor As(Tensor value, ScalarType type) => value.dtype == type ? value : value.to_type(type);

    private sealed record Need(Nf4Matrix Weight, ScalarType Input);
}
