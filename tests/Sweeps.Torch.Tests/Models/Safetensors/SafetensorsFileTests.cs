using System.Buffers.Binary;
using System.Text;
using Sweeps.Models.Safetensors;
using Xunit;
using static TorchSharp.torch;

namespace Sweeps.Torch.Tests.Models.Safetensors;

public sealed class SafetensorsFileTests
{
    [Fact]
    public void Every_element_type_survives_writing_and_reading()
    {
        using var folder = new TempFolder();
        using var scope = NewDisposeScope();
        ScalarType[] types =
        [
            ScalarType.Float64, ScalarType.Float32, ScalarType.Float16, ScalarType.BFloat16,
            ScalarType.Int64, ScalarType.Int32, ScalarType.Byte, ScalarType.Bool,
        ];
        var tensors = types.ToDictionary(type => $"t.{type}", type => arange(6, dtype: ScalarType.Float32).view(2, 3).to_type(type));
        tensors["scalar"] = tensor(3.5f);
        tensors["empty"] = empty(0, 4);
        tensors["not contiguous"] = arange(6, dtype: ScalarType.Float32).view(2, 3).t();

        SafetensorsWriter.Save(folder["a.safetensors"], tensors, new Dictionary<string, string> { ["step"] = "7" });
        using var file = SafetensorsFile.Open(folder["a.safetensors"]);

        Assert.Equal(tensors.Keys.Order(StringComparer.Ordinal), file.Tensors.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("pt", file.Metadata["format"]);
        Assert.Equal("7", file.Metadata["step"]);
        foreach (var (name, expected) in tensors)
        {
            var actual = file.Read(name);
            Assert.Equal(expected.dtype, actual.dtype);
            Assert.Equal(expected.shape, actual.shape);
            Assert.True(actual.bytes.SequenceEqual(expected.contiguous().bytes), name);
        }
    }

    [Fact]
    public void The_same_tensors_give_the_same_bytes_in_any_order()
    {
        using var scope = NewDisposeScope();
        KeyValuePair<string, Tensor>[] tensors =
            [new("b", ones(3)), new("a", ones(2)), new("c", ones(5, dtype: ScalarType.Int64))];

        Assert.Equal(Bytes(tensors), Bytes(tensors.Reverse()));

        static byte[] Bytes(IEnumerable<KeyValuePair<string, Tensor>> tensors)
        {
            using var stream = new MemoryStream();
            SafetensorsWriter.Write(stream, tensors);
            return stream.ToArray();
        }
    }

    [Fact]
    public void Reading_converts_to_the_wanted_type()
    {
        using var folder = new TempFolder();
        using var scope = NewDisposeScope();
        SafetensorsWriter.Save(folder["a.safetensors"], [new("x", tensor(new[] { 1.5f, -2f }).to_type(ScalarType.BFloat16))]);
        using var file = SafetensorsFile.Open(folder["a.safetensors"]);

        Assert.Equal([1.5f, -2f], file.Read("x", ScalarType.Float32).data<float>().ToArray());
    }

    public static TheoryData<string, int, string> LyingFiles => new()
    {
        { """[]""", 0, "does not start with '{'" },
        { """{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}""", 8, "not valid JSON" },
        { """{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}} x""", 8, "not valid JSON" },
        { """{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "a": {"dtype": "F32", "shape": [0], "data_offsets": [8, 8]}}""", 8, "twice" },
        { """{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8], "extra": 1}}""", 8, "'extra'" },
        { """{"a": {"dtype": "F32", "shape": [2], "shape": [2], "data_offsets": [0, 8]}}""", 8, "'shape'" },
        { """{"a": {"dtype": "F32", "shape": [2]}}""", 8, "needs dtype, shape and data_offsets" },
        { """{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0]}}""", 8, "needs dtype, shape and data_offsets" },
        { """{"a": {"dtype": "C64", "shape": [1], "data_offsets": [0, 8]}}""", 8, "dtype C64" },
        { """{"a": {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]}}""", 8, "not negative" },
        { """{"a": {"dtype": "F32", "shape": [2.5], "data_offsets": [0, 8]}}""", 8, "whole numbers" },
        { """{"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}}""", 8, "needs 12 bytes" },
        { """{"a": {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]}}""", 8, "needs 8 bytes" },
        { """{"a": {"dtype": "F32", "shape": [4294967296, 4294967296], "data_offsets": [0, 0]}}""", 0, "too large to count" },
        { """{"a": {"dtype": "U8", "shape": [9223372036854775807], "data_offsets": [0, 9223372036854775807]}}""", 8, "fill 9223372036854775807 bytes" },
        { """{"a": {"dtype": "F32", "shape": [2], "data_offsets": [8, 16]}}""", 16, "hole" },
        { """{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "b": {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]}}""", 12, "overlaps" },
        { """{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}""", 4, "cut off" },
        { """{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}""", 9, "holds 9" },
        { """{"__metadata__": {"a": 1}}""", 0, "must be a string" },
        { """{"__metadata__": {}, "__metadata__": {}}""", 0, "one object" },
        { """{"a": [1]}""", 0, "not an object" },
        { """{"a": {"dtype": {"b": {"c": {"d": 1}}}}}""", 0, "'dtype'" },
    };

    [Theory]
    [MemberData(nameof(LyingFiles))]
    public void A_file_that_lies_is_refused_with_its_name_and_the_fault(string header, int dataLength, string fault)
    {
        using var folder = new TempFolder();
        var path = folder["lying.safetensors"];
        File.WriteAllBytes(path, Compose(Encoding.UTF8.GetBytes(header), new byte[dataLength]));

        var error = Assert.Throws<SafetensorsException>(() => SafetensorsFile.Open(path));

        Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
        Assert.Contains(fault, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new byte[] { 1, 2, 3 }, "shorter than the 8 bytes")]
    [InlineData(new byte[] { 100, 0, 0, 0, 0, 0, 0, 0, 1 }, "claims 100 bytes")]
    [InlineData(new byte[] { 255, 255, 255, 255, 255, 255, 255, 255, 1 }, "claims 18446744073709551615 bytes")]
    public void A_false_header_length_is_refused(byte[] content, string fault)
    {
        using var folder = new TempFolder();
        File.WriteAllBytes(folder["a.safetensors"], content);

        var error = Assert.Throws<SafetensorsException>(() => SafetensorsFile.Open(folder["a.safetensors"]));

        Assert.Contains(fault, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_cut_short_after_opening_is_an_error()
    {
        using var folder = new TempFolder();
        using var scope = NewDisposeScope();
        SafetensorsWriter.Save(folder["a.safetensors"], [new("x", ones(1000))]);
        using var file = SafetensorsFile.Open(folder["a.safetensors"]);
        using (var cut = new FileStream(folder["a.safetensors"], FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            cut.SetLength(500);
        }

        var error = Assert.Throws<SafetensorsException>(() => file.Read("x"));

        Assert.Contains("in the middle of its data", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Damaged_files_are_either_refused_or_read_in_bounds()
    {
        using var folder = new TempFolder();
        using var stream = new MemoryStream();
        using (NewDisposeScope())
        {
            SafetensorsWriter.Write(stream, [new("weight", ones(4, 3)), new("bias", ones(3, dtype: ScalarType.Int32))]);
        }

        var sound = stream.ToArray();
        var random = new Random(20261123);
        var refused = 0;
        for (var round = 0; round < 3000; round++)
        {
            var damaged = (byte[])sound.Clone();
            for (var change = random.Next(1, 4); change > 0; change--)
            {
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            }

            damaged = random.Next(4) == 0 ? damaged[..random.Next(damaged.Length)] : damaged;
            File.WriteAllBytes(folder["f.safetensors"], damaged);
            try
            {
                using var file = SafetensorsFile.Open(folder["f.safetensors"]);
                foreach (var name in file.Tensors.Keys)
                {
                    file.Read(name).Dispose();
                }
            }
            catch (SafetensorsException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, 1000, 2999);
    }

    private static byte[] Compose(byte[] header, byte[] data)
    {
        var length = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
        return [.. length, .. header, .. data];
    }
}
