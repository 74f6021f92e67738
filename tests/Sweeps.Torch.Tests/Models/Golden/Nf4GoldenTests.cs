using System.Text.Json;
using Sweeps.Models.Quantization;
using Sweeps.Models.Safetensors;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Sweeps.Torch.Tests.Models.Golden;

/// <summary>NF4 against bitsandbytes: packed bytes, scales and their second quantisation, products and input gradients.</summary>
[Trait("Category", "Golden")]
public sealed class Nf4GoldenTests(ITestOutputHelper output)
{
    /// <summary>Two roundings of the last bit.</summary>
    private const double OneUnit = 2.4e-7;

    public static TheoryData<int> Cases => [.. Enumerable.Range(0, 14)];

    [Fact]
    public void The_code_books_equal_the_reference()
    {
        var json = GoldenCase.Read("nf4_bnb");

        Assert.Equal(GoldenCase.Floats(json.GetProperty("code")), Nf4Codes.Weights.ToArray());
        Assert.Equal(
            GoldenCase.Floats(GoldenCase.Read("nf4_linear4bit").GetProperty("dynamic_map")), Nf4Codes.Scales.ToArray());

        // The other file's table was made without fused products: one unit in the last place off here and there.
        CheckAll(
            "dynamic map", OneUnit, GoldenCase.Floats(json.GetProperty("nested").GetProperty("dynamic_map")), tensor(Nf4Codes.Scales.ToArray()));
    }

    [Fact]
    public void A_matrix_packs_to_the_bytes_of_the_reference()
    {
        var json = GoldenCase.Read("nf4_bnb");
        var nested = json.GetProperty("nested");
        using var scope = NewDisposeScope();
        var weight = tensor(GoldenCase.Floats(json.GetProperty("W"))).view(GoldenCase.Longs(json.GetProperty("shape")));
        using var plain = Nf4Matrix.Quantise(weight, new Nf4Options());
        using var twice = Nf4Matrix.Quantise(weight, new Nf4Options { DoubleQuantised = true });

        Assert.Equal(Bytes(json.GetProperty("packed")), plain.Packed.bytes.ToArray());
        Assert.Equal(GoldenCase.Floats(json.GetProperty("absmax")), plain.Scales.data<float>().ToArray());
        Assert.Equal(Bytes(nested.GetProperty("qabsmax")), twice.Scales.bytes.ToArray());
        CheckAll("scales of scales", 1e-7, GoldenCase.Floats(nested.GetProperty("absmax2")), twice.NestedScales!);
        CheckAll("mean of scales", 1e-7, [nested.GetProperty("offset").GetSingle()], tensor(twice.Offset));
        CheckAll("dequantised", 1e-7, GoldenCase.Floats(json.GetProperty("dequant")), plain.Dense(ScalarType.Float32));
        CheckAll("dequantised twice", OneUnit, GoldenCase.Floats(nested.GetProperty("dequant")), twice.Dense(ScalarType.Float32));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_layer_equals_the_reference(int number)
    {
        var json = GoldenCase.Read("nf4_linear4bit").GetProperty("cases")[number];
        using var file = SafetensorsFile.Open(SharedFiles.Golden("nf4_linear4bit.safetensors"));
        using var scope = NewDisposeScope();
        var name = json.GetProperty("tensors").GetString()!;
        var path = $"{name}.{json.GetProperty("variant").GetString()}";
        var source = json.GetProperty("source_dtype").GetString() == "bfloat16" ? ScalarType.BFloat16 : ScalarType.Float32;
        var weight = file.Read(name + ".W").to_type(source);
        var options = new Nf4Options { DoubleQuantised = json.GetProperty("double_quant").GetBoolean() };
        using var matrix = Nf4Matrix.Quantise(weight, options);

        Assert.Equal(file.Read(path + ".packed").bytes.ToArray(), matrix.Packed.bytes.ToArray());
        if (options.DoubleQuantised)
        {
            Assert.Equal(Bytes(json.GetProperty("absmax_uint8")), matrix.Scales.bytes.ToArray());
            CheckAll("scales of scales", 1e-7, GoldenCase.Floats(json.GetProperty("nested_absmax")), matrix.NestedScales!);
            CheckAll("mean of scales", 1e-7, [json.GetProperty("offset").GetSingle()], tensor(matrix.Offset));
        }
        else
        {
            CheckAll("scales", 1e-7, GoldenCase.Floats(json.GetProperty("absmax")), matrix.Scales);
        }

        CheckAll("dequantised", 1e-7, file.Read(path + ".dequant").data<float>().ToArray(), matrix.Dense(ScalarType.Float32));
        foreach (var (type, word, tolerance) in new[] { (ScalarType.Float32, "float32", 1e-5), (ScalarType.BFloat16, "bfloat16", 0.01) })
        {
            using var computing = Nf4Matrix.Quantise(weight, options with { ComputeType = type });
            var input = file.Read(name + ".x").requires_grad_(true);
            var product = Nf4LinearFunction.Run(input, computing, null);
            var width = product.size(1);
            var upstream = (arange(1, width + 1, dtype: ScalarType.Float32) / (double)width) - 0.3;
            (product * upstream).sum().backward();

            CheckLargest($"{word} product", tolerance, file.Read($"{path}.forward_{word}"), product.detach());
            CheckLargest($"{word} input gradient", tolerance, file.Read($"{path}.grad_x_{word}"), input.grad!);
        }
    }

    /// <summary>Every element, relative to itself.</summary>
    private void CheckAll(string what, double tolerance, float[] expected, Tensor actual)
    {
        var found = actual.view(-1).data<float>().ToArray();
        Assert.Equal(expected.Length, found.Length);
        var worst = expected.Zip(found, (e, a) => e == a ? 0 : Math.Abs((double)e - a) / Math.Max(Math.Abs(e), 1e-30)).Max();
        output.WriteLine($"{what}: worst {worst:g3} of {tolerance:g3} allowed, {found.Length} values");
        Assert.True(worst <= tolerance, $"{what} differs by {worst:g3}");
    }

    /// <summary>Every element, relative to the largest.</summary>
    private void CheckLargest(string what, double tolerance, Tensor expected, Tensor actual)
    {
        var worst = ((expected - actual).abs().max() / expected.abs().max()).item<float>();
        output.WriteLine($"{what}: worst {worst:g3} of {tolerance:g3} allowed, {expected.NumberOfElements} values");
        Assert.True(worst <= tolerance, $"{what} differs by {worst:g3} of the largest value");
    }

    private static byte[] Bytes(JsonElement list) => [.. GoldenCase.Longs(list).Select(value => (byte)value)];
}
