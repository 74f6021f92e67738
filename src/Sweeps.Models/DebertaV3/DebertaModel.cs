using System.Text.RegularExpressions;
using Sweeps.Models.Heads;
using Sweeps.Models.Layers;
using Sweeps.Models.Loading;
using Sweeps.Models.Ops;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Sweeps.Models.DebertaV3;

/// <summary>DeBERTa-v3's encoder and the pooler of its classifiers. Source: modeling_deberta_v2.py.</summary>
internal sealed partial class DebertaModel : Transformer
{
    private static readonly ulong EmbeddingSite = DropoutContext.Site("deberta.embeddings");
    private static readonly ulong PoolerSite = DropoutContext.Site("pooler");

    private readonly DebertaConfig config;
    private readonly NamedParameter words;
    private readonly LayerNorm embeddingNorm;
    private readonly DebertaBlock[] blocks;
    private readonly NamedParameter relative;
    private readonly LayerNorm? relativeNorm;
    private readonly Linear pooler;
    private readonly RelativeBuckets buckets;

    public DebertaModel(DebertaConfig config, WeightBinder weights)
    {
        this.config = config;
        var normal = Initial.Normal(config.InitializerRange);
        words = Own(weights.Bind(
            "deberta.embeddings.word_embeddings.weight", NamedParameter.EmbeddingLayer, normal, false, config.Vocabulary, config.Hidden));
        embeddingNorm = Norm("deberta.embeddings.LayerNorm", NamedParameter.EmbeddingLayer, weights);
        blocks = [.. Enumerable.Range(0, config.Layers).Select(layer => BuildBlock(layer, weights, normal))];
        relative = Own(weights.Bind(
            "deberta.encoder.rel_embeddings.weight", NamedParameter.EmbeddingLayer, normal, false, 2L * config.Span, config.Hidden));
        relativeNorm = config.NormsRelative
            ? Norm("deberta.encoder.LayerNorm", NamedParameter.EmbeddingLayer, weights)
            : null;
        pooler = Project("pooler.dense", NamedParameter.TopLayer, config.Hidden, config.Hidden, weights, normal, mayBeNew: true);
        weights.Complete(Buffers(), OtherTasks());
        buckets = new RelativeBuckets(config, weights.Device);
    }

    public override string ModelType => DebertaFamily.Type;

    public override bool IsDecoder => false;

    public override int HiddenSize => config.Hidden;

    public override int VocabularySize => config.Vocabulary;

    public override int LayerCount => config.Layers;

    public override int MaxPositions => config.MaxPositions;

    public override long? PadTokenId => config.PadTokenId;

    public override double InitializerRange => config.InitializerRange;

    public override double ClassifierDropout => config.ClassifierDropout;

    public override NamedParameter? OutputEmbedding => null;

    /// <summary>Padding is zero, as in the reference.</summary>
    public override Tensor Embed(TokenBatch batch, DropoutContext dropout)
    {
        if (batch.Length > config.MaxPositions)
        {
            throw new ArgumentException($"a text has {batch.Length} tokens; this model takes {config.MaxPositions}");
        }

        var sum = embeddingNorm.Forward(
            TensorOps.Look(words.Value, batch, config.PadTokenId).view(batch.Rows, batch.Length, config.Hidden));
        if (batch.HasPadding)
        {
            sum = sum * batch.Derived($"attended {sum.dtype}", () =>
                tensor(Array.ConvertAll(batch.Attended.ToArray(), seen => seen ? 1f : 0f), [batch.Rows, batch.Length, 1])
                    .to_type(sum.dtype));
        }

        return dropout.Apply(sum, config.HiddenDropout, EmbeddingSite);
    }

    public override Tensor RunBlocks(Tensor hidden, TokenBatch batch, int from, int to, DropoutContext dropout)
    {
        var mask = batch.PaddingMask(hidden.dtype);
        var table = buckets.For(batch.Length);
        var (positions, index) = (Relative(table), table.Index.view(1, 1, batch.Length, batch.Length));
        for (var layer = from; layer < to; layer++)
        {
            hidden = blocks[layer].Forward(hidden, positions, index, mask, dropout);
        }

        return hidden;
    }

    public override Tensor RunLastBlockAt(Tensor hidden, TokenBatch batch, long[] positions, DropoutContext dropout)
    {
        var table = buckets.For(batch.Length);
        var places = batch.Indices(Array.ConvertAll(positions, position => position % batch.Length));
        var index = table.Index.index_select(0, places).view(batch.Rows, 1, 1, batch.Length);
        return blocks[^1].ForwardAt(
            hidden, batch.Indices(positions), Relative(table), index, batch.PaddingMask(hidden.dtype), dropout);
    }

    public override Tensor Finish(Tensor hidden) => hidden;

    /// <summary>gelu of a dense layer, with dropout before it, on the first tokens.</summary>
    public override Tensor Pooled(Tensor vectors, HeadPooling pooling, DropoutContext dropout) =>
        pooling == HeadPooling.Pooled
            ? functional.gelu(pooler.Forward(dropout.Apply(vectors, config.PoolerDropout, PoolerSite), dropout))
            : vectors;

    protected override void Dispose(bool disposing)
    {
        buckets.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>Only the rows that texts of this length use are normed and, in each block, projected.</summary>
    private Tensor Relative(RelativeBuckets.Table table)
    {
        var rows = relative.Value.narrow(0, table.First, table.Count);
        return relativeNorm is null ? rows : relativeNorm.Forward(rows);
    }

    private DebertaBlock BuildBlock(int layer, WeightBinder weights, Initial normal)
    {
        var path = $"deberta.encoder.layer.{layer}.";
        Linear Dense(string name, long outputs, long inputs) =>
            Project(path + name, layer, outputs, inputs, weights, normal);
        return new DebertaBlock(path)
        {
            Config = config,
            Query = Dense("attention.self.query_proj", config.Hidden, config.Hidden),
            Key = Dense("attention.self.key_proj", config.Hidden, config.Hidden),
            Value = Dense("attention.self.value_proj", config.Hidden, config.Hidden),
            AttentionOutput = Dense("attention.output.dense", config.Hidden, config.Hidden),
            AttentionNorm = Norm(path + "attention.output.LayerNorm", layer, weights),
            Intermediate = Dense("intermediate.dense", config.Intermediate, config.Hidden),
            Output = Dense("output.dense", config.Hidden, config.Intermediate),
            OutputNorm = Norm(path + "output.LayerNorm", layer, weights),
        };
    }

    private Linear Project(
        string path, int layer, long outputs, long inputs, WeightBinder weights, Initial normal, bool mayBeNew = false)
    {
        var weight = Own(weights.Bind(path + ".weight", layer, normal, mayBeNew, outputs, inputs));
        return Own(new Linear(weight, Own(weights.Bind(path + ".bias", layer, Initial.Zero, mayBeNew, outputs))));
    }

    private LayerNorm Norm(string path, int layer, WeightBinder weights)
    {
        var weight = Own(weights.Bind(path + ".weight", layer, Initial.One, false, config.Hidden));
        var bias = Own(weights.Bind(path + ".bias", layer, Initial.Zero, false, config.Hidden));
        return new LayerNorm(weight, bias, config.Epsilon);
    }

    [GeneratedRegex(@"embeddings\.position_ids$")]
    private static partial Regex Buffers();

    [GeneratedRegex(@"^(classifier|cls|qa_outputs|lm_predictions|mask_predictions)\.")]
    private static partial Regex OtherTasks();
}
