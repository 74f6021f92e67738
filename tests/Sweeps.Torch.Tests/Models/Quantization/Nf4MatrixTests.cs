using Sweeps.Models.Quantization;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Sweeps.Torch.Tests.Models.Quantization;

public sealed class Nf4MatrixTests
{
    [Theory]
    [InlineData(640, 1024, false)]
    [InlineData(640, 1024, true)]
    [InlineData(7, 9, true)]
    [InlineData(5, 51, false)]
    public void Unpacking_gives_the_same_bits_by_any_path(int rows, int columns, bool twice)
    {
        using var scope = NewDisposeScope();
        using var matrix = Nf4Matrix.Quantise(Random(rows, columns), new Nf4Options { DoubleQuantised = twice });
        foreach (var type in new[] { ScalarType.Float32, ScalarType.BFloat16 })
        {
            Assert.Equal(matrix.DenseByOperations(type).bytes.ToArray(), matrix.Dense(type).bytes.ToArray());
        }
    }

    [Theory]
    [InlineData(false, 0.57)]
    [InlineData(true, 0.53)]
    public void A_quantised_model_holds_little_more_than_half_a_byte_a_weight(bool twice, double most)
    {
        using var scope = NewDisposeScope();
        using var matrix = Nf4Matrix.Quantise(Random(256, 640), new Nf4Options { DoubleQuantised = twice });
        Tensor?[] held = [matrix.Packed, matrix.Scales, matrix.NestedScales];

        Assert.Equal(held.Sum(part => part?.bytes.Length ?? 0) + sizeof(float), matrix.Bytes);
        Assert.InRange(matrix.Bytes / (256 * 640.0), 0.5, most);
    }

    [Fact]
    public void Quantising_what_was_dequantised_changes_nothing()
    {
        using var scope = NewDisposeScope();
        using var first = Nf4Matrix.Quantise(Random(64, 128), new Nf4Options());
        using var second = Nf4Matrix.Quantise(first.Dense(ScalarType.Float32), new Nf4Options());

        Assert.Equal(first.Packed.bytes.ToArray(), second.Packed.bytes.ToArray());
        Assert.Equal(first.Scales.bytes.ToArray(), second.Scales.bytes.ToArray());
    }

    private static Tensor Random(int rows, int columns)
    {
        using var generator = new Generator(0, CPU).manual_seed(20261123);
        return randn([rows, columns], dtype: ScalarType.Float32, generator: generator);
    }
}
