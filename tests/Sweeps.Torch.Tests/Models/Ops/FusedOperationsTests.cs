using Sweeps.Models.Decoders;
using Sweeps.Models.Ops;
using Sweeps.Models.Ops.Fused;
using Xunit;
using static TorchSharp.torch;

namespace Sweeps.Torch.Tests.Models.Ops;

/// <summary>Each fused operation against LibTorch's own operations: value and every gradient.</summary>
public sealed class FusedOperationsTests
{
    [Theory]
    [InlineData(16, 0.0, false)]
    [InlineData(48, 1.0, true)]
    [InlineData(640, 1.0, false)]
    public void Rms_norm(int width, double offset, bool withResidual)
    {
        using var scope = NewDisposeScope();
        Check(
            inputs => TensorOps.RmsNorm(inputs[0], inputs[1], 1e-6, offset, withResidual ? inputs[2] : null),
            withResidual ? [Random(1, 7, 5, width), Random(2, width), Random(3, 7, 5, width)] : [Random(1, 7, 5, width), Random(2, width)]);
    }

    [Theory]
    [InlineData(1, 16)]
    [InlineData(3, 32)]
    [InlineData(4, 256)]
    public void Norm_and_rotary_position(int heads, int width)
    {
        using var scope = NewDisposeScope();
        using var table = Table(width);
        Check(
            inputs => TensorOps.NormRotate(inputs[0], inputs[1], table.For(6), 1e-6, 1),
            [Random(1, 2, 6, heads, width), Random(2, width)]);
    }

    [Theory]
    [InlineData(1, 16)]
    [InlineData(3, 32)]
    [InlineData(4, 256)]
    public void Rotary_position(int heads, int width)
    {
        using var scope = NewDisposeScope();
        using var table = Table(width);
        Check(inputs => TensorOps.Rotate(inputs[0], table.For(6)), [Random(1, 2, 6, heads, width)]);
    }

    [Fact]
    public void Positions_may_be_chosen_and_the_table_grows()
    {
        using var scope = NewDisposeScope();
        using var table = Table(32);
        var heads = Random(1, 1, 3, 2, 32);
        var first = TensorOps.Rotate(heads, table.For(3));

        var far = table.At(tensor(new long[] { 0, 70, 2 }), 71);
        var chosen = TensorOps.Rotate(heads, far);

        Assert.Equal(table.For(71).Cos[70].data<float>().ToArray(), far.Cos[1].data<float>().ToArray());
        Assert.True(chosen[0, 0].equal(first[0, 0]).all().item<bool>());
        Assert.True(chosen[0, 2].equal(first[0, 2]).all().item<bool>());
        Assert.False(chosen[0, 1].allclose(first[0, 1], 1e-3, 1e-3));
    }

    [Theory]
    [InlineData("GeluTanh")]
    [InlineData("Silu")]
    public void Gated_activation(string name)
    {
        using var scope = NewDisposeScope();
        Check(inputs => TensorOps.Gated(inputs[0], inputs[1], Enum.Parse<GateActivation>(name)), [Random(1, 50, 48) * 4, Random(2, 50, 48)]);
    }

    [Theory]
    [InlineData("GeluTanh")]
    [InlineData("Silu")]
    public void Gated_activation_far_from_zero_is_the_identity_or_zero(string name)
    {
        using var scope = NewDisposeScope();
        var gate = tensor([-1e30f, -300f, -20f, -0f, 0f, 20f, 300f, 1e10f, .. new float[8]]);

        var result = TensorOps.Gated(gate, ones_like(gate), Enum.Parse<GateActivation>(name)).data<float>().ToArray();

        // silu(-20) is -4e-8; the exponent of the fused sigmoid is clamped at 88.
        Assert.Equal([0f, 0f, 0f, 0f, 0f, 20f, 300f, 1e10f, .. new float[8]], result, (a, b) => Math.Abs(a - b) <= 1e-6f * Math.Max(1, Math.Abs(a)));
    }

    [Fact]
    public void The_gradient_of_a_frozen_weight_is_not_made()
    {
        using var scope = NewDisposeScope();
        var (input, weight) = (Random(1, 4, 32).requires_grad_(true), Random(2, 32));

        TensorOps.RmsNorm(input, weight, 1e-6, 0).sum().backward();

        Assert.NotNull(input.grad);
        Assert.Null(weight.grad);
    }

    private static RotaryTable Table(int width) =>
        new(RopeSettings.Of(null, 1e4).Frequencies(width), ScalarType.Float32, CPU);

    private static Tensor Random(ulong seed, params long[] shape)
    {
        using var generator = new Generator(seed, CPU);
        return randn(shape, generator: generator);
    }

    private static void Check(Func<Tensor[], Tensor> operation, Tensor[] values)
    {
        var fused = Run(true);
        var plain = Run(false);
        foreach (var (first, second) in fused.Zip(plain))
        {
            Assert.True(first.allclose(second, 1e-5, 1e-5), $"largest difference {(first - second).abs().max().item<float>()}");
        }

        List<Tensor> Run(bool on)
        {
            FusedMemory.Enabled = on;
            try
            {
                Tensor[] inputs = [.. values.Select(value => value.detach().clone().requires_grad_(true))];
                var output = operation(inputs);
                (output * Random(9, output.shape)).sum().backward();
                return [output, .. inputs.Select(input => input.grad!)];
            }
            finally
            {
                FusedMemory.Enabled = true;
            }
        }
    }
}
