using System.Buffers;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models.Quantization;

/// <summary>A matrix held in 4 bits a weight, with its scales. Owns its tensors; never trained.</summary>
internal sealed class Nf4Matrix : IDisposable
{
    /// <summary>Takes what a file holds, or <see cref="Quantise"/> made.</summary>
    /// <param name="shape">Of the matrix.</param>
    /// <param name="sourceType">What it was quantised from: backward passes go through this type.</param>
    /// <param name="computeType">See <see cref="Nf4Options.ComputeType"/>.</param>
    /// <param name="packed">uint8 [elements / 2, 1].</param>
    /// <param name="scales">float32 [blocks], or uint8 codes of them under double quantisation.</param>
    /// <param name="nested">float32 [blocks / 256] under double quantisation, else null.</param>
    /// <param name="offset">Mean of the scales under double quantisation.</param>
    public Nf4Matrix(
        long[] shape, ScalarType sourceType, ScalarType computeType, Tensor packed, Tensor scales, Tensor? nested, float offset)
    {
        Shape = shape;
        Count = shape.Aggregate(1L, (product, size) => product * size);
        SourceType = sourceType;
        ComputeType = computeType;
        Packed = packed;
        Scales = scales;
        NestedScales = nested;
        Offset = offset;
    }

    public long[] Shape { get; }

    public long Count { get; }

    public ScalarType SourceType { get; }

    public ScalarType ComputeType { get; }

    public Tensor Packed { get; }

    public Tensor Scales { get; }

    public Tensor? NestedScales { get; }

    public float Offset { get; }

    /// <summary>Bytes held: everything that grows with the matrix.</summary>
    public long Bytes => Packed.NumberOfElements
        + (Scales.NumberOfElements * Scales.element_size())
        + ((NestedScales?.NumberOfElements ?? 0) * sizeof(float))
        + sizeof(float);

    /// <summary>Quantises a matrix; <paramref name="weight"/> stays as it is and the caller's.</summary>
    public static Nf4Matrix Quantise(Tensor weight, Nf4Options options)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var count = weight.NumberOfElements;
        var blocks = (count + Nf4Codes.Block - 1) / Nf4Codes.Block;
        var source = weight.detach().to_type(ScalarType.Float32).cpu().contiguous();
        var packed = empty([(count + 1) / 2, 1], dtype: ScalarType.Byte);
        var scales = empty([blocks], dtype: ScalarType.Float32);
        Nf4Quantizer.Pack(Floats(source), packed.bytes, Floats(scales));
        Tensor? nested = null;
        var offset = 0f;
        if (options.DoubleQuantised)
        {
            var codes = empty([blocks], dtype: ScalarType.Byte);
            nested = empty([(blocks + Nf4Codes.NestedBlock - 1) / Nf4Codes.NestedBlock], dtype: ScalarType.Float32);
            offset = Nf4Quantizer.PackScales(Floats(scales), codes.bytes, Floats(nested));
            scales = codes;
        }

        Tensor Kept(Tensor value) => value.to(weight.device).DetachFromDisposeScope();
        return new Nf4Matrix(
            weight.shape, weight.dtype, options.ComputeType, Kept(packed), Kept(scales), nested is null ? null : Kept(nested), offset);
    }

    /// <summary>The matrix as numbers of <paramref name="type"/>, rounded to it once; the caller owns it.</summary>
    public Tensor Dense(ScalarType type) =>
        Packed.device_type == DeviceType.CPU && type is ScalarType.Float32 or ScalarType.BFloat16
            ? DenseHere(type)
            : DenseByOperations(type);

    /// <summary>As <see cref="Dense"/> by LibTorch's operations only: for devices whose memory is not ours.</summary>
    internal Tensor DenseByOperations(ScalarType type)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var scales = Scales;
        if (NestedScales is not null)
        {
            var table = tensor(Nf4Codes.Scales.ToArray()).to(Scales.device);
            scales = table.index_select(0, Scales.to_type(ScalarType.Int64))
                .mul(NestedScales.repeat_interleave(Nf4Codes.NestedBlock).narrow(0, 0, Scales.NumberOfElements))
                .add(Offset);
        }

        var bytes = Packed.view(-1).to_type(ScalarType.Int64);
        var codes = stack([bytes.floor_divide(16), bytes.remainder(16)], -1).view(-1).narrow(0, 0, Count);
        return tensor(Nf4Codes.Weights.ToArray()).to(Packed.device)
            .index_select(0, codes)
            .mul(scales.repeat_interleave(Nf4Codes.Block).narrow(0, 0, Count))
            .to_type(type)
            .view(Shape)
            .MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        Packed.Dispose();
        Scales.Dispose();
        NestedScales?.Dispose();
    }

    private Tensor DenseHere(ScalarType type)
    {
        var blocks = (int)Scales.NumberOfElements;
        var rented = NestedScales is null ? [] : ArrayPool<float>.Shared.Rent(blocks);
        if (NestedScales is not null)
        {
            Nf4Quantizer.RestoreScales(Scales.bytes, Floats(NestedScales), Offset, rented.AsSpan(0, blocks));
        }

        var scales = NestedScales is null ? Floats(Scales) : rented.AsSpan(0, blocks);
        var output = empty(Shape, dtype: type);
        if (type == ScalarType.Float32)
        {
            Nf4Kernel.Unpack(Packed.bytes, scales, Floats(output));
        }
        else
        {
            Nf4Kernel.UnpackToBFloat16(Packed.bytes, scales, MemoryMarshal.Cast<byte, ushort>(output.bytes));
        }

        if (rented.Length > 0)
        {
            ArrayPool<float>.Shared.Return(rented);
        }

        return output;
    }

    private static Span<float> Floats(Tensor value) => MemoryMarshal.Cast<byte, float>(value.bytes);
}
