using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models.Quantization;

/// <summary>
/// How the matrices of linear layers are held in 4 bits (NF4 of https://arxiv.org/abs/2305.14314, blocks of 64), with
/// the meanings of bitsandbytes' <c>bnb_4bit_*</c> settings.
/// </summary>
public sealed record Nf4Options
{
    /// <summary>
    /// Whether the blocks' scales are held in 8 bits, blocks of 256 of them: 0.516 byte a weight instead of 0.5625. Default
    /// off.
    /// </summary>
    public bool DoubleQuantised { get; init; }

    /// <summary>
    /// Element type of the product: the matrix and the layer's input are brought to it, the output back to the input's
    /// type. Float32 (default), BFloat16 or Float16.
    /// </summary>
    public ScalarType ComputeType { get; init; } = ScalarType.Float32;
}
