using Sweeps.Models.Generation;
using Sweeps.Models.Heads;
using Sweeps.Models.Ops;
using static TorchSharp.torch;

namespace Sweeps.Models;

/// <summary>
/// An encoder whose output a decoder reads while it writes another text. What <see cref="Transformer"/> says is about the
/// encoder; <see cref="DecoderHidden(EncodedSource, TokenBatch, DropoutContext)"/> is the decoder. Further shapes: U tokens
/// of the text that is written.
/// </summary>
public abstract class EncoderDecoder : Transformer
{
    /// <summary>False: the text that is read goes through an encoder.</summary>
    public sealed override bool IsDecoder => false;

    /// <summary>Blocks of the decoder.</summary>
    public abstract int DecoderLayerCount { get; }

    /// <summary>Blocks of encoder and decoder: layer numbers of the decoder's weights go on after the encoder's.</summary>
    public sealed override int BlockCount => LayerCount + DecoderLayerCount;

    /// <summary>Stands before the first token that is written.</summary>
    public abstract long DecoderStartTokenId { get; }

    /// <summary>A linear head reads the mean of the encoder's output: the family has no first token that stands for a text.</summary>
    public override HeadPooling UsualPooling => HeadPooling.Mean;

    /// <summary>What the decoder's blocks read of the encoder's output: computed once for everything that is written.</summary>
    /// <param name="encoded">[B, T, H]: the encoder's output.</param>
    /// <param name="source">The texts that it read.</param>
    /// <param name="dropout">Dropout of this micro-step.</param>
    public abstract EncodedSource ReadSource(Tensor encoded, TokenBatch source, DropoutContext dropout);

    /// <summary>
    /// The decoder's final hidden states [B, U, H], such that <see cref="Transformer.Logits"/> of a row gives the token
    /// after it.
    /// </summary>
    /// <param name="source">From <see cref="ReadSource"/>.</param>
    /// <param name="target">
    /// Tokens written so far, <see cref="DecoderStartTokenId"/> first; padded, if at all, on the right. May continue a
    /// cache made by <see cref="NewTargetCache"/>.
    /// </param>
    /// <param name="dropout">Dropout of this micro-step.</param>
    public abstract Tensor DecoderHidden(EncodedSource source, TokenBatch target, DropoutContext dropout);

    /// <summary>A cache of the decoder's own keys and values, for <see cref="TokenBatch.Past"/> of what is written.</summary>
    public KeyValueCache NewTargetCache(int rows) => new(rows, DecoderLayerCount);

    /// <inheritdoc />
    public sealed override GenerationSession NewSession(TokenBatch prompts) => new EncoderDecoderSession(this, prompts);

    /// <summary>
    /// What the decoder reads to learn labels: the labels one place to the right, after
    /// <see cref="DecoderStartTokenId"/>. Tokens that are not graded become padding.
    /// </summary>
    /// <param name="labels">rows * length ids or <see cref="CausalLanguageLoss.Ignored"/>, row by row.</param>
    /// <param name="rows">Number of texts.</param>
    /// <param name="length">Tokens of each.</param>
    /// <param name="device">Where the tensors live; null is the CPU.</param>
    public TokenBatch ShiftRight(ReadOnlySpan<long> labels, int rows, int length, Device? device = null)
    {
        var ids = new long[rows * length];
        for (var row = 0; row < rows; row++)
        {
            ids[row * length] = DecoderStartTokenId;
            for (var at = 1; at < length; at++)
            {
                var label = labels[(row * length) + at - 1];
                ids[(row * length) + at] = label == CausalLanguageLoss.Ignored ? PadTokenId ?? 0 : label;
            }
        }

        return new TokenBatch(ids, rows, length, device: device);
    }
}
