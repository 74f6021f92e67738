using Sweeps.Models.Ops;
using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models.Generation;

/// <summary>
/// Writes the texts that follow from those that the encoder of an encoder-decoder reads: read once, then one token of each
/// text at a time, with a cache of the decoder's keys and values.
/// </summary>
public sealed class EncoderDecoderSession : GenerationSession
{
    private readonly EncoderDecoder model;
    private readonly EncodedSource source;
    private readonly KeyValueCache cache;
    private readonly Device device;

    /// <summary>Reads the texts.</summary>
    /// <param name="model">The model.</param>
    /// <param name="texts">Padded on either side; not owned, and not needed after.</param>
    public EncoderDecoderSession(EncoderDecoder model, TokenBatch texts)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        this.model = model;
        Rows = texts.Rows;
        device = texts.Device;
        cache = model.NewTargetCache(Rows);
        var encoded = model.Hidden(texts, DropoutContext.None);
        source = model.ReadSource(encoded, texts, DropoutContext.None).Keep();
    }

    /// <inheritdoc />
    public override int Rows { get; }

    /// <inheritdoc />
    public override int VocabularySize => model.VocabularySize;

    /// <inheritdoc />
    public override Tensor Start() => Advance(ForEachRow([model.DecoderStartTokenId]));

    /// <inheritdoc />
    public override Tensor Advance(long[] tokens)
    {
        using var off = no_grad();
        using var batch = new TokenBatch(tokens, Rows, 1, device: device) { Past = cache };
        var hidden = model.DecoderHidden(source, batch, DropoutContext.None);
        return model.Logits(hidden.squeeze(1)).to_type(ScalarType.Float32);
    }

    /// <inheritdoc />
    internal override Tensor ReadTree(long[] tokens, int[] parents, int[] depths)
    {
        using var off = no_grad();
        using var batch = new TokenBatch(
            ForEachRow([model.DecoderStartTokenId, .. tokens]), Rows, tokens.Length + 1, device: device)
        {
            Positions = ForEachRow([0L, .. depths.Select(depth => (long)depth)]),
            Parents = [-1, .. parents.Select(parent => parent + 1)],
        };
        return model.DecoderHidden(source, batch, DropoutContext.None);
    }

    /// <inheritdoc />
    protected override void Dispose(bool disposing)
    {
        cache.Dispose();
        source.Dispose();
    }
}
