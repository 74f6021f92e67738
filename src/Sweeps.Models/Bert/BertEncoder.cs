using Sweeps.Models.Layers;
using Sweeps.Models.Loading;
using Sweeps.Models.Ops;
using static TorchSharp.torch;

namespace Sweeps.Models.Bert;

/// <summary>
/// What BERT and its kin share: word, type and position embeddings, then post-norm blocks. They differ in how positions
/// are counted, in the order of their weights and in what they put before the classifier.
/// </summary>
internal abstract class BertEncoder : Transformer
{
    private readonly string prefix;
    private readonly ulong embeddingSite;
    private readonly Initial normal;
    private BertBlock[] blocks = [];

    /// <param name="config">Sizes.</param>
    /// <param name="prefix">Of every weight's name, for example <c>bert.</c>.</param>
    protected BertEncoder(BertConfig config, string prefix)
    {
        Config = config;
        this.prefix = prefix;
        embeddingSite = DropoutContext.Site(prefix + "embeddings");
        normal = Initial.Normal(config.InitializerRange);
    }

    public sealed override bool IsDecoder => false;

    public sealed override int HiddenSize => Config.Hidden;

    public sealed override int VocabularySize => Config.Vocabulary;

    public sealed override int LayerCount => Config.Layers;

    public override int MaxPositions => Config.MaxPositions;

    public sealed override long? PadTokenId => Config.PadTokenId;

    public sealed override double InitializerRange => Config.InitializerRange;

    public sealed override double ClassifierDropout => Config.ClassifierDropout;

    public sealed override NamedParameter? OutputEmbedding => null;

    protected BertConfig Config { get; }

    protected NamedParameter Words { get; set; } = null!;

    protected NamedParameter PositionTable { get; set; } = null!;

    protected NamedParameter Types { get; set; } = null!;

    protected LayerNorm EmbeddingNorm { get; set; } = null!;

    public sealed override Tensor Embed(TokenBatch batch, DropoutContext dropout)
    {
        if (batch.Length > MaxPositions)
        {
            throw new ArgumentException($"a text has {batch.Length} tokens; this model takes {MaxPositions}");
        }

        Tensor Shaped(Tensor rows) => rows.view(batch.Rows, batch.Length, Config.Hidden);
        var sum = Shaped(TensorOps.Look(Words.Value, batch, Config.PadTokenId))
            + Shaped(Types.Value.index_select(0, batch.TokenTypeIds.view(-1)))
            + PositionRows(batch);
        return dropout.Apply(EmbeddingNorm.Forward(sum), Config.HiddenDropout, embeddingSite);
    }

    public sealed override Tensor RunBlocks(Tensor hidden, TokenBatch batch, int from, int to, DropoutContext dropout)
    {
        var mask = batch.PaddingMask(hidden.dtype);
        for (var layer = from; layer < to; layer++)
        {
            hidden = blocks[layer].Forward(hidden, mask, dropout);
        }

        return hidden;
    }

    public sealed override Tensor RunLastBlockAt(
        Tensor hidden, TokenBatch batch, long[] positions, DropoutContext dropout) =>
        blocks[^1].ForwardAt(hidden, batch.Indices(positions), batch.PaddingMask(hidden.dtype), dropout);

    public sealed override Tensor Finish(Tensor hidden) => hidden;

    /// <summary>Position embeddings, broadcast to [B, T, H].</summary>
    protected abstract Tensor PositionRows(TokenBatch batch);

    private protected NamedParameter Table(string name, int rows, WeightBinder weights) => Own(weights.Bind(
        $"{prefix}embeddings.{name}.weight", NamedParameter.EmbeddingLayer, normal, false, rows, Config.Hidden));

    private protected LayerNorm Norm(string name, int layer, WeightBinder weights)
    {
        var weight = Own(weights.Bind($"{prefix}{name}.weight", layer, Initial.One, false, Config.Hidden));
        var bias = Own(weights.Bind($"{prefix}{name}.bias", layer, Initial.Zero, false, Config.Hidden));
        return new LayerNorm(weight, bias, Config.Epsilon);
    }

    private protected Linear Project(
        string path, int layer, long outputs, long inputs, WeightBinder weights, bool mayBeNew = false)
    {
        var weight = Own(weights.Bind(path + ".weight", layer, normal, mayBeNew, outputs, inputs));
        return Own(new Linear(weight, Own(weights.Bind(path + ".bias", layer, Initial.Zero, mayBeNew, outputs))));
    }

    private protected void BuildBlocks(WeightBinder weights) =>
        blocks = [.. Enumerable.Range(0, Config.Layers).Select(layer => BuildBlock(layer, weights))];

    private BertBlock BuildBlock(int layer, WeightBinder weights)
    {
        var path = $"encoder.layer.{layer}.";
        Linear Dense(string name, long outputs, long inputs) =>
            Project(prefix + path + name, layer, outputs, inputs, weights);
        return new BertBlock(prefix + path)
        {
            Config = Config,
            Query = Dense("attention.self.query", Config.Hidden, Config.Hidden),
            Key = Dense("attention.self.key", Config.Hidden, Config.Hidden),
            Value = Dense("attention.self.value", Config.Hidden, Config.Hidden),
            AttentionOutput = Dense("attention.output.dense", Config.Hidden, Config.Hidden),
            AttentionNorm = Norm(path + "attention.output.LayerNorm", layer, weights),
            Intermediate = Dense("intermediate.dense", Config.Intermediate, Config.Hidden),
            Output = Dense("output.dense", Config.Hidden, Config.Intermediate),
            OutputNorm = Norm(path + "output.LayerNorm", layer, weights),
        };
    }
}
