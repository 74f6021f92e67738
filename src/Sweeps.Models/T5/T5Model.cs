using System.Text.RegularExpressions;
using Sweeps.Models.Decoders;
using Sweeps.Models.Layers;
using Sweeps.Models.Loading;
using Sweeps.Models.Ops;
using static TorchSharp.torch;

namespace Sweeps.Models.T5;

/// <summary>T5 and FLAN-T5. Source: modeling_t5.py, T5ForConditionalGeneration.</summary>
internal sealed partial class T5Model : EncoderDecoder
{
    private static readonly ulong EncoderInputSite = DropoutContext.Site("encoder.embed_tokens");
    private static readonly ulong EncoderOutputSite = DropoutContext.Site("encoder.final_layer_norm");
    private static readonly ulong DecoderInputSite = DropoutContext.Site("decoder.embed_tokens");
    private static readonly ulong DecoderOutputSite = DropoutContext.Site("decoder.final_layer_norm");

    private readonly T5Config config;
    private readonly NamedParameter shared;
    private readonly T5Stack encoder;
    private readonly T5Stack decoder;
    private readonly NamedParameter output;

    public T5Model(T5Config config, WeightBinder weights)
    {
        this.config = config;
        shared = Own(weights.Bind(
            "shared.weight",
            NamedParameter.EmbeddingLayer,
            Initial.Normal(config.InitializerFactor),
            false,
            config.Vocabulary,
            config.Hidden));
        var builder = new T5Builder(config, weights, parameter => Own(parameter), linear => Own(linear));
        encoder = builder.Encoder();
        decoder = builder.Decoder();
        output = BindOutput(weights);
        weights.Complete(Buffers(), OtherTasks());
    }

    public override string ModelType => T5Family.Type;

    public override int HiddenSize => config.Hidden;

    public override int VocabularySize => config.Vocabulary;

    public override int LayerCount => config.EncoderLayers;

    public override int DecoderLayerCount => config.DecoderLayers;

    /// <summary>Positions are relative: no limit.</summary>
    public override int MaxPositions => int.MaxValue;

    public override long? PadTokenId => config.PadTokenId;

    public override long DecoderStartTokenId => config.StartTokenId;

    /// <summary>Of a new classifier.</summary>
    public override double InitializerRange => config.InitializerFactor * Math.Pow(config.Hidden, -0.5);

    public override double ClassifierDropout => config.Dropout;

    public override NamedParameter? OutputEmbedding => output;

    public override Tensor Embed(TokenBatch batch, DropoutContext dropout) => Look(batch, EncoderInputSite, dropout);

    public override Tensor RunBlocks(Tensor hidden, TokenBatch batch, int from, int to, DropoutContext dropout)
    {
        using var scope = NewDisposeScope();
        var mask = EncoderMask(batch, hidden, null);
        for (var layer = from; layer < to; layer++)
        {
            hidden = encoder.Blocks[layer].Encode(hidden, mask, dropout);
        }

        return from < to ? hidden.MoveToOuterDisposeScope() : hidden;
    }

    public override Tensor RunLastBlockAt(Tensor hidden, TokenBatch batch, long[] positions, DropoutContext dropout)
    {
        using var scope = NewDisposeScope();
        var places = batch.Indices(Array.ConvertAll(positions, position => position % batch.Length));
        return encoder.Blocks[^1]
            .EncodeAt(hidden, batch.Indices(positions), EncoderMask(batch, hidden, places), dropout)
            .MoveToOuterDisposeScope();
    }

    public override Tensor Finish(Tensor hidden) =>
        TensorOps.RmsNorm(hidden, encoder.FinalNorm.Value, config.Epsilon, 0);

    public override EncodedSource ReadSource(Tensor encoded, TokenBatch source, DropoutContext dropout)
    {
        var flat = dropout.Apply(encoded, config.Dropout, EncoderOutputSite).reshape(-1, config.Hidden);
        return new EncodedSource(
            [.. decoder.Blocks.Select(block => block.Cross!.KeysOf(flat, source.Rows, dropout))],
            source.PaddingMask(encoded.dtype));
    }

    public override Tensor DecoderHidden(EncodedSource source, TokenBatch target, DropoutContext dropout)
    {
        using var scope = NewDisposeScope();
        var hidden = Look(target, DecoderInputSite, dropout);
        var columns = target.Columns(0, 0);
        var mask = decoder.Bias(target.Derived("t5 decoder", () => BucketsOf(columns, target.Rows)))
            + columns.Mask(0, hidden.dtype);
        var past = target.Past is { } cache ? DecoderPast.Of(cache, target) : null;
        for (var layer = 0; layer < decoder.Blocks.Count; layer++)
        {
            hidden = RecomputesBlocks && past is null
                ? Recomputed(hidden, mask, source, layer, dropout)
                : Decoded(hidden, mask, source, layer, past, dropout);
        }

        hidden = dropout.Apply(
            TensorOps.RmsNorm(hidden, decoder.FinalNorm.Value, config.Epsilon, 0), config.Dropout, DecoderOutputSite);
        return (config.ScalesOutput ? hidden * Math.Pow(config.Hidden, -0.5) : hidden).MoveToOuterDisposeScope();
    }

    private Tensor Decoded(Tensor hidden, Tensor mask, EncodedSource source, int layer, DecoderPast? past, DropoutContext dropout) =>
        decoder.Blocks[layer].Decode(
            hidden,
            mask,
            (keys, values) => past?.Join(layer, keys, values) ?? (keys, values),
            source.Blocks[layer],
            source.Mask,
            dropout);

    /// <summary>
    /// A block of the decoder that keeps its inputs only. What was read and the position bias are inputs too: the encoder and
    /// the bias's table learn through them.
    /// </summary>
    private Tensor Recomputed(Tensor hidden, Tensor mask, EncodedSource source, int layer, DropoutContext dropout)
    {
        var (keys, values) = source.Blocks[layer];
        return Recomputation.Run(
            source.Mask is null ? [hidden, mask, keys, values] : [hidden, mask, keys, values, source.Mask],
            inputs => decoder.Blocks[layer].Decode(
                inputs[0],
                inputs[1],
                static (keys, values) => (keys, values),
                (inputs[2], inputs[3]),
                inputs.Count > 4 ? inputs[4] : null,
                dropout));
    }

    private Tensor Look(TokenBatch batch, ulong site, DropoutContext dropout)
    {
        var rows = TensorOps.Look(shared.Value, batch, null).view(batch.Rows, batch.Length, config.Hidden);
        return dropout.Apply(rows, config.Dropout, site);
    }

    /// <summary>Position bias and padding, [B or 1, N, T, T]; for one place of each text [B, N, 1, T].</summary>
    private Tensor EncoderMask(TokenBatch batch, Tensor hidden, Tensor? places)
    {
        var index = batch.Derived("t5 encoder", () =>
        {
            var (length, rows) = (batch.Length, new long[batch.Length * batch.Length]);
            for (var at = 0; at < rows.Length; at++)
            {
                rows[at] = encoder.Buckets.Of((at % length) - (at / length));
            }

            return tensor(rows, [1, length, length]);
        });
        var bias = encoder.Bias(places is null ? index : index[0].index_select(0, places).unsqueeze(1));
        return batch.PaddingMask(hidden.dtype) is { } padding ? bias + padding : bias;
    }

    /// <summary>[B, U, columns].</summary>
    private Tensor BucketsOf(DecoderColumns columns, int rows)
    {
        var found = new long[rows * columns.Queries * columns.Count];
        for (var at = 0; at < found.Length; at++)
        {
            var (row, query) = (at / columns.Count / columns.Queries, at / columns.Count % columns.Queries);
            found[at] = decoder.Buckets.Of(columns.PositionOf(row, at % columns.Count) - columns.PositionOfQuery(row, query));
        }

        return tensor(found, [rows, columns.Queries, columns.Count]);
    }

    /// <summary>
    /// The head is tied unless the checkpoint holds one that differs from the embeddings, whatever config.json says; a new
    /// model follows config.json.
    /// </summary>
    private NamedParameter BindOutput(WeightBinder weights)
    {
        const string Name = "lm_head.weight";
        if (weights.IsNew ? config.Tied : !weights.Has(Name))
        {
            return shared;
        }

        var own = weights.Bind(
            Name, NamedParameter.TopLayer, Initial.Normal(config.InitializerFactor), false, config.Vocabulary, config.Hidden);
        using var off = no_grad();
        if (weights.IsNew || !own.Value.shape.SequenceEqual(shared.Value.shape) || !own.Value.bytes.SequenceEqual(shared.Value.bytes))
        {
            return Own(own);
        }

        own.Value.Dispose();
        return shared;
    }

    [GeneratedRegex(@"^((encoder|decoder)\.embed_tokens\.weight|decoder\.block\.0\.layer\.1\.EncDecAttention\.relative_attention_bias\.weight)$")]
    private static partial Regex Buffers();

    [GeneratedRegex(@"^(classification_head|classifier|qa_outputs)\.")]
    private static partial Regex OtherTasks();
}
