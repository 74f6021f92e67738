using System.Text.RegularExpressions;
using Sweeps.Models.Heads;
using Sweeps.Models.Layers;
using Sweeps.Models.Loading;
using Sweeps.Models.Ops;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Sweeps.Models.ModernBert;

/// <summary>
/// ModernBERT: pre-norm blocks of which most see a window of the text only, and the prediction head of its classifiers.
/// Source: modeling_modernbert.py, ModernBertForSequenceClassification.
/// </summary>
internal sealed partial class ModernBertModel : Transformer
{
    private static readonly ulong EmbeddingSite = DropoutContext.Site("model.embeddings");

    private readonly ModernBertConfig config;
    private readonly NamedParameter embedding;
    private readonly LayerNorm embeddingNorm;
    private readonly ModernBertBlock[] blocks;
    private readonly LayerNorm finalNorm;
    private readonly Linear headDense;
    private readonly LayerNorm headNorm;
    private readonly RotaryTable globalAngles;
    private readonly RotaryTable localAngles;

    public ModernBertModel(ModernBertConfig config, WeightBinder weights)
    {
        this.config = config;
        var normal = Initial.Normal(config.InitializerRange);
        embedding = Own(weights.Bind(
            "model.embeddings.tok_embeddings.weight", NamedParameter.EmbeddingLayer, normal, false, config.Vocabulary, config.Hidden));
        embeddingNorm = Norm("model.embeddings.norm", NamedParameter.EmbeddingLayer, weights);
        blocks = [.. Enumerable.Range(0, config.Layers).Select(layer => BuildBlock(layer, weights, normal))];
        finalNorm = Norm("model.final_norm", NamedParameter.TopLayer, weights);

        // New weights that add to the residual stream start smaller the deeper the model is, as in the reference.
        var deep = Initial.Normal(config.InitializerRange / Math.Sqrt(2.0 * config.Layers));
        headDense = Own(new Linear(Own(weights.Bind(
            "head.dense.weight", NamedParameter.TopLayer, deep, true, config.Hidden, config.Hidden))));
        headNorm = Norm("head.norm", NamedParameter.TopLayer, weights, mayBeNew: true);
        weights.Complete(Buffers(), OtherTasks());
        globalAngles = new RotaryTable(config.GlobalRope.Frequencies(config.HeadWidth), weights.Type, weights.Device);
        localAngles = new RotaryTable(config.LocalRope.Frequencies(config.HeadWidth), weights.Type, weights.Device);
    }

    public override string ModelType => ModernBertFamily.Type;

    public override bool IsDecoder => false;

    public override int HiddenSize => config.Hidden;

    public override int VocabularySize => config.Vocabulary;

    public override int LayerCount => config.Layers;

    public override int MaxPositions => config.MaxPositions;

    public override long? PadTokenId => config.PadTokenId;

    /// <summary>Of a new classifier; the reference gives it another than the blocks'.</summary>
    public override double InitializerRange => Math.Pow(config.Hidden, -0.5);

    public override double ClassifierDropout => config.ClassifierDropout;

    public override HeadPooling UsualPooling => config.Pooling;

    public override NamedParameter? OutputEmbedding => null;

    public override Tensor Embed(TokenBatch batch, DropoutContext dropout)
    {
        if (batch.Length > config.MaxPositions)
        {
            throw new ArgumentException($"a text has {batch.Length} tokens; this model takes {config.MaxPositions}");
        }

        var rows = TensorOps.Look(embedding.Value, batch, config.PadTokenId);
        return dropout.Apply(embeddingNorm.Forward(rows), config.EmbeddingDropout, EmbeddingSite)
            .view(batch.Rows, batch.Length, config.Hidden);
    }

    public override Tensor RunBlocks(Tensor hidden, TokenBatch batch, int from, int to, DropoutContext dropout)
    {
        for (var layer = from; layer < to; layer++)
        {
            var block = blocks[layer];
            var mask = block.IsLocal ? LocalMask(batch, hidden.dtype) : batch.PaddingMask(hidden.dtype);
            hidden = block.Forward(hidden, mask, AnglesOf(block, batch), dropout);
        }

        return hidden;
    }

    public override Tensor RunLastBlockAt(Tensor hidden, TokenBatch batch, long[] positions, DropoutContext dropout)
    {
        var block = blocks[^1];
        var rows = batch.Indices(positions);
        var places = batch.Indices(Array.ConvertAll(positions, position => position % batch.Length));
        var mask = block.IsLocal ? LocalMask(batch, hidden.dtype) : null;
        mask = mask is null
            ? batch.PaddingMask(hidden.dtype)
            : mask.expand(batch.Rows, 1, batch.Length, batch.Length)
                .reshape(-1, batch.Length)
                .index_select(0, rows)
                .view(batch.Rows, 1, 1, batch.Length);
        var table = block.IsLocal ? localAngles : globalAngles;
        return block.ForwardAt(
            hidden, rows, mask, table.For(batch.Length), table.At(places, batch.Length), dropout);
    }

    public override Tensor Finish(Tensor hidden) => finalNorm.Forward(hidden);

    /// <summary>Dense, gelu, norm: on the first token or the mean, as classifier_pooling says.</summary>
    public override Tensor Pooled(Tensor vectors, HeadPooling pooling, DropoutContext dropout) =>
        headNorm.Forward(functional.gelu(headDense.Forward(vectors, dropout)));

    protected override void Dispose(bool disposing)
    {
        globalAngles.Dispose();
        localAngles.Dispose();
        base.Dispose(disposing);
    }

    private RotaryTable.Slice AnglesOf(ModernBertBlock block, TokenBatch batch) =>
        (block.IsLocal ? localAngles : globalAngles).For(batch.Length);

    /// <summary>
    /// Additive mask [B or 1, 1, T, T]: a token sees attended tokens at most half a window away on both sides, and always
    /// itself, so that no row of a softmax is empty. Null when the window hides nothing and there is no padding.
    /// </summary>
    private Tensor? LocalMask(TokenBatch batch, ScalarType type)
    {
        if (batch.Length - 1 <= config.HalfWindow)
        {
            return batch.PaddingMask(type);
        }

        return batch.Derived($"window {config.HalfWindow} {type}", () =>
        {
            var (rows, length) = (batch.HasPadding ? batch.Rows : 1, batch.Length);
            var values = new float[rows * length * length];
            Array.Fill(values, float.NegativeInfinity);
            for (var query = 0; query < rows * length; query++)
            {
                var (first, at) = (query / length * length, query % length);
                for (var key = Math.Max(0, at - config.HalfWindow); key <= Math.Min(length - 1, at + config.HalfWindow); key++)
                {
                    if (key == at || batch.Attended[first + key])
                    {
                        values[(query * length) + key] = 0;
                    }
                }
            }

            return tensor(values, [rows, 1, length, length]).to(type);
        });
    }

    private ModernBertBlock BuildBlock(int layer, WeightBinder weights, Initial normal)
    {
        var path = $"model.layers.{layer}.";
        Linear Project(string name, long outputs, long inputs) =>
            Own(new Linear(Own(weights.Bind($"{path}{name}.weight", layer, normal, false, outputs, inputs))));
        return new ModernBertBlock(path)
        {
            Config = config,
            IsLocal = config.IsLocal[layer],
            AttentionNorm = layer == 0 ? null : Norm(path + "attn_norm", layer, weights),
            Mixed = Project("attn.Wqkv", 3 * config.Hidden, config.Hidden),
            Output = Project("attn.Wo", config.Hidden, config.Hidden),
            FeedForwardNorm = Norm(path + "mlp_norm", layer, weights),
            Gated = Project("mlp.Wi", 2 * config.Intermediate, config.Hidden),
            Down = Project("mlp.Wo", config.Hidden, config.Intermediate),
        };
    }

    private LayerNorm Norm(string path, int layer, WeightBinder weights, bool mayBeNew = false) =>
        new(Own(weights.Bind(path + ".weight", layer, Initial.One, mayBeNew, config.Hidden)), null, config.Epsilon);

    [GeneratedRegex(@"rotary_emb\.inv_freq$")]
    private static partial Regex Buffers();

    [GeneratedRegex(@"^(classifier|decoder)\.")]
    private static partial Regex OtherTasks();
}
