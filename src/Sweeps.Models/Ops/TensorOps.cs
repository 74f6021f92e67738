using Sweeps.Models.Decoders;
using Sweeps.Models.Ops.Fused;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Sweeps.Models.Ops;

/// <summary>The operations that transformer families share. Shapes: B texts, T tokens, N heads, D head width.</summary>
internal static class TensorOps
{
    /// <summary>
    /// Rows of an embedding table, [B * T, H]. As with PyTorch's padding_idx, a padding token inside the text is looked
    /// up like any other but its row gets no gradient from there.
    /// </summary>
    public static Tensor Look(Tensor table, TokenBatch batch, long? padTokenId)
    {
        var ids = batch.InputIds.view(-1);
        var rows = table.index_select(0, ids);
        if (padTokenId is null || !rows.requires_grad || !(batch.Attends(padTokenId.Value) || batch.StartsWithPadding))
        {
            return rows;
        }

        return where(ids.eq(padTokenId.Value).unsqueeze(1), rows.detach(), rows);
    }

    /// <summary>
    /// Root mean square norm over the last dimension, computed in 32 bits:
    /// residual + x / sqrt(mean(x^2) + eps) * (offset + weight) (https://arxiv.org/abs/1910.07467).
    /// </summary>
    /// <param name="input">[..., H].</param>
    /// <param name="weight">[H].</param>
    /// <param name="epsilon">Added to the mean of squares.</param>
    /// <param name="offset">1 for families that store the weight minus one, else 0.</param>
    /// <param name="residual">As <paramref name="input"/>; null adds nothing.</param>
    public static Tensor RmsNorm(Tensor input, Tensor weight, double epsilon, double offset, Tensor? residual = null)
    {
        if (FusedMemory.Fits(input) && FusedMemory.Fits(weight))
        {
            return RmsNormFunction.Run(input, weight, residual, (float)offset, (float)epsilon);
        }

        var wide = input.dtype == ScalarType.Float32 ? input : input.to_type(ScalarType.Float32);
        if (offset == 0 && wide.dtype != input.dtype)
        {
            // Families that store the plain weight round before they multiply by it.
            var normed = (wide * wide.square().mean([-1], keepdim: true).add_(epsilon).rsqrt_()).to_type(input.dtype) * weight;
            return residual is null ? normed : residual + normed;
        }

        var factor = weight.dtype == ScalarType.Float32 ? weight : weight.to_type(ScalarType.Float32);
        var scale = wide.square().mean([-1], keepdim: true).add_(epsilon).rsqrt_();
        var scaled = (wide * scale) * (offset == 0 ? factor : factor + offset);
        scaled = scaled.dtype == input.dtype ? scaled : scaled.to_type(input.dtype);
        return residual is null ? scaled : residual + scaled;
    }

    /// <summary>Norm and rotary position of queries or keys: [B, T, N, D] to the same.</summary>
    public static Tensor NormRotate(Tensor input, Tensor weight, RotaryTable.Slice angles, double epsilon, double offset)
    {
        if (FusedMemory.Fits(input) && FusedMemory.Fits(weight))
        {
            var shape = new NormRotateKernel.Shape(
                (int)input.size(-2), (int)input.size(-1), (int)angles.Length, (float)offset, (float)epsilon);
            return NormRotateFunction.Run(input, weight, angles, shape);
        }

        return Rotate(RmsNorm(input, weight, epsilon, offset), angles);
    }

    /// <summary>gelu, by its tanh approximation, of <paramref name="gate"/>, times <paramref name="up"/>.</summary>
    public static Tensor GatedGelu(Tensor gate, Tensor up) => Gated(gate, up, GateActivation.GeluTanh);

    /// <summary>The activation of <paramref name="gate"/> times <paramref name="up"/>; both of one shape.</summary>
    public static Tensor Gated(Tensor gate, Tensor up, GateActivation activation)
    {
        if (FusedMemory.Fits(gate))
        {
            return GatedFunction.Run(gate, up, activation == GateActivation.Silu ? GatedKernel.Silu : GatedKernel.GeluTanh);
        }

        return activation == GateActivation.Silu
            ? functional.silu(gate) * up
            : functional.gelu(gate, TorchSharp.Modules.GELU.Approximate.tanh) * up;
    }

    /// <summary>Rotary position embedding in the rotate-half form, on [B, T, N, D].</summary>
    public static Tensor Rotate(Tensor input, RotaryTable.Slice angles)
    {
        if (FusedMemory.Fits(input))
        {
            return RotateFunction.Run(input, angles, (int)input.size(-2));
        }

        // The sign of rotate_half is in the sine table, so that a roll takes the place of slices, negation and cat.
        var shape = input.shape;
        var tokens = input.view(-1, angles.Length, shape[^2], shape[^1]);
        return (tokens * angles.Cos).addcmul_(tokens.roll(shape[^1] / 2, -1), angles.SignedSin, 1).view(shape);
    }

    /// <summary>
    /// softmax(q k^T * scale + mask) v. Fewer key heads than query heads are shared by groups of neighbouring queries.
    /// </summary>
    /// <param name="query">[B, T, N, D].</param>
    /// <param name="key">[B, S, K, D] where K divides N; S columns, T or more.</param>
    /// <param name="value">As <paramref name="key"/>.</param>
    /// <param name="mask">Additive, broadcast to [B, N, T, S]; null for none.</param>
    /// <param name="scale">Factor on the scores; the usual one is D^-0.5.</param>
    /// <param name="dropout">Drops attention weights.</param>
    /// <param name="probability">With this probability.</param>
    /// <param name="site">At this site.</param>
    /// <returns>[B * T, N * D].</returns>
    public static Tensor Attention(
        Tensor query,
        Tensor key,
        Tensor value,
        Tensor? mask,
        double scale,
        DropoutContext dropout,
        double probability = 0,
        ulong site = 0)
    {
        var shape = query.shape;
        var (heads, width) = (shape[2], shape[3]);
        var usual = Math.Pow(width, -0.5);
        if (Math.Abs(scale - usual) > 1e-12)
        {
            query = query * (scale / usual);
        }

        var q = query.transpose(1, 2);
        var k = SharedHeads(key, heads);
        var v = SharedHeads(value, heads);
        Tensor mixed;
        if ((dropout.IsActive && probability > 0) || mask?.requires_grad == true)
        {
            // LibTorch's fused kernel would draw its mask from the process-wide generator, and gives no gradient to a bias.
            var scores = einsum("bnqd,bnkd->bnqk", q * usual, k);
            var weights = (mask is null ? scores : scores + mask).softmax(-1);
            mixed = einsum("bnqk,bnkd->bnqd", dropout.Apply(weights, probability, site), v);
        }
        else
        {
            mixed = functional.scaled_dot_product_attention(q, k, v, mask);
        }

        return mixed.transpose(1, 2).reshape(-1, heads * width);
    }

    /// <summary>[B, T, K, D] to [B, heads, T, D] without copying.</summary>
    private static Tensor SharedHeads(Tensor input, long heads)
    {
        var shape = input.shape;
        var turned = input.transpose(1, 2);
        if (shape[2] == heads)
        {
            return turned;
        }

        if (shape[2] == 1)
        {
            return turned.expand(shape[0], heads, shape[1], shape[3]);
        }

        return turned.unsqueeze(2)
            .expand(shape[0], shape[2], heads / shape[2], shape[1], shape[3])
            .reshape(shape[0], heads, shape[1], shape[3]);
    }
}
