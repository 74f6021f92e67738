using System.Text.RegularExpressions;
using Sweeps.Models.Layers;
using Sweeps.Models.Loading;
using Sweeps.Models.Ops;
using static TorchSharp.torch;

namespace Sweeps.Models.Bert;

/// <summary>BERT's encoder with its pooler. Source: modeling_bert.py, BertModel.</summary>
internal sealed partial class BertModel : Transformer
{
    private static readonly ulong EmbeddingSite = DropoutContext.Site("bert.embeddings");

    private readonly BertConfig config;
    private readonly NamedParameter words;
    private readonly NamedParameter positions;
    private readonly NamedParameter types;
    private readonly LayerNorm embeddingNorm;
    private readonly BertBlock[] blocks;
    private readonly Linear pooler;

    public BertModel(BertConfig config, WeightBinder weights)
    {
        this.config = config;
        var normal = Initial.Normal(config.InitializerRange);
        NamedParameter Table(string name, int rows) => Own(weights.Bind(
            $"bert.embeddings.{name}.weight", NamedParameter.EmbeddingLayer, normal, false, rows, config.Hidden));
        words = Table("word_embeddings", config.Vocabulary);
        positions = Table("position_embeddings", config.MaxPositions);
        types = Table("token_type_embeddings", config.TokenTypes);
        embeddingNorm = Norm("bert.embeddings.LayerNorm", NamedParameter.EmbeddingLayer, weights);
        blocks = [.. Enumerable.Range(0, config.Layers).Select(layer => BuildBlock(layer, weights, normal))];
        pooler = Project(
            "bert.pooler.dense", NamedParameter.TopLayer, config.Hidden, config.Hidden, weights, normal, mayBeNew: true);
        weights.Complete(Buffers(), OtherTasks());
    }

    public override string ModelType => "bert";

    public override bool IsDecoder => false;

    public override int HiddenSize => config.Hidden;

    public override int VocabularySize => config.Vocabulary;

    public override int LayerCount => config.Layers;

    public override int MaxPositions => config.MaxPositions;

    public override long? PadTokenId => config.PadTokenId;

    public override double InitializerRange => config.InitializerRange;

    public override double ClassifierDropout => config.ClassifierDropout;

    public override NamedParameter? OutputEmbedding => null;

    public override Tensor Embed(TokenBatch batch, DropoutContext dropout)
    {
        if (batch.Length > config.MaxPositions)
        {
            throw new ArgumentException($"a text has {batch.Length} tokens; this model takes {config.MaxPositions}");
        }

        Tensor Shaped(Tensor rows) => rows.view(batch.Rows, batch.Length, config.Hidden);
        var sum = Shaped(TensorOps.Look(words.Value, batch, config.PadTokenId))
            + Shaped(types.Value.index_select(0, batch.TokenTypeIds.view(-1)))
            + positions.Value.narrow(0, 0, batch.Length);
        return dropout.Apply(embeddingNorm.Forward(sum), config.HiddenDropout, EmbeddingSite);
    }

    public override Tensor RunBlocks(Tensor hidden, TokenBatch batch, int from, int to, DropoutContext dropout)
    {
        var mask = batch.PaddingMask(hidden.dtype);
        for (var layer = from; layer < to; layer++)
        {
            hidden = blocks[layer].Forward(hidden, mask, dropout);
        }

        return hidden;
    }

    public override Tensor RunLastBlockAt(Tensor hidden, TokenBatch batch, long[] positions, DropoutContext dropout) =>
        blocks[^1].ForwardAt(hidden, batch.Indices(positions), batch.PaddingMask(hidden.dtype), dropout);

    public override Tensor Finish(Tensor hidden) => hidden;

    /// <summary>tanh of a dense layer on the first tokens, [B, H].</summary>
    public override Tensor Pooled(Tensor first, DropoutContext dropout) => pooler.Forward(first, dropout).tanh();

    private BertBlock BuildBlock(int layer, WeightBinder weights, Initial normal)
    {
        var path = $"bert.encoder.layer.{layer}.";
        Linear Dense(string name, long outputs, long inputs) =>
            Project(path + name, layer, outputs, inputs, weights, normal, mayBeNew: false);
        return new BertBlock(path)
        {
            Config = config,
            Query = Dense("attention.self.query", config.Hidden, config.Hidden),
            Key = Dense("attention.self.key", config.Hidden, config.Hidden),
            Value = Dense("attention.self.value", config.Hidden, config.Hidden),
            AttentionOutput = Dense("attention.output.dense", config.Hidden, config.Hidden),
            AttentionNorm = Norm(path + "attention.output.LayerNorm", layer, weights),
            Intermediate = Dense("intermediate.dense", config.Intermediate, config.Hidden),
            Output = Dense("output.dense", config.Hidden, config.Intermediate),
            OutputNorm = Norm(path + "output.LayerNorm", layer, weights),
        };
    }

    private Linear Project(
        string path, int layer, long outputs, long inputs, WeightBinder weights, Initial normal, bool mayBeNew)
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

    [GeneratedRegex(@"^(classifier|cls|qa_outputs)\.")]
    private static partial Regex OtherTasks();
}
