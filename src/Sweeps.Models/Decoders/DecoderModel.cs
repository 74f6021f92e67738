using System.Text.RegularExpressions;
using Sweeps.Models.Layers;
using Sweeps.Models.Loading;
using Sweeps.Models.Ops;
using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models.Decoders;

/// <summary>A causal language model of any of the decoder families; <see cref="DecoderConfig"/> says which.</summary>
internal sealed partial class DecoderModel : Transformer
{
    private readonly DecoderConfig config;
    private readonly NamedParameter embedding;
    private readonly NamedParameter finalNorm;
    private readonly NamedParameter? output;
    private readonly DecoderBlock[] blocks;
    private readonly Dictionary<RopeSettings, RotaryTable> tables = [];
    private readonly double embeddingScale = 1;

    public DecoderModel(DecoderConfig config, WeightBinder weights)
    {
        this.config = config;
        var normal = Initial.Normal(config.InitializerRange);
        embedding = Own(weights.Bind(
            "model.embed_tokens.weight", NamedParameter.EmbeddingLayer, normal, false, config.Vocabulary, config.Hidden));
        blocks = [.. Enumerable.Range(0, config.Layers.Count).Select(layer => BuildBlock(layer, weights, normal))];
        finalNorm = Own(BindNorm("model.norm", NamedParameter.TopLayer, config.Hidden, weights));
        output = BindOutput(weights, normal);
        weights.Complete(Buffers(), OtherTasks());
        foreach (var rope in config.Layers.Select(layer => layer.Rope).Distinct())
        {
            tables.Add(rope, new RotaryTable(rope.Frequencies(config.HeadWidth), weights.Type, weights.Device));
        }

        if (config.ScalesEmbeddings)
        {
            // The reference rounds the factor to the type of the weights first.
            using var factor = tensor(Math.Sqrt(config.Hidden), dtype: weights.Type).to_type(ScalarType.Float64);
            embeddingScale = factor.item<double>();
        }
    }

    public override string ModelType => config.ModelType;

    public override bool IsDecoder => true;

    public override int HiddenSize => config.Hidden;

    public override int VocabularySize => config.Vocabulary;

    public override int LayerCount => config.Layers.Count;

    public override int MaxPositions => config.MaxPositions;

    public override long? PadTokenId => config.PadTokenId;

    public override double InitializerRange => config.InitializerRange;

    public override NamedParameter? OutputEmbedding => output;

    public override int KeyHeads => config.KeyHeads;

    public override int HeadWidth => config.HeadWidth;

    public override Tensor Embed(TokenBatch batch, DropoutContext dropout)
    {
        var rows = TensorOps.Look(embedding.Value, batch, config.PadTokenId);
        var hidden = (embeddingScale == 1 ? rows : rows.mul(embeddingScale)).view(batch.Rows, batch.Length, config.Hidden);
        return LeadingTokens(batch) == 0
            ? hidden
            : cat([SoftPrompt!.to(hidden.dtype).unsqueeze(0).expand(batch.Rows, -1, -1), hidden], 1);
    }

    public override Tensor RunBlocks(Tensor hidden, TokenBatch batch, int from, int to, DropoutContext dropout)
    {
        var columns = Columns(hidden, batch);
        var past = PastOf(batch);
        for (var layer = from; layer < to; layer++)
        {
            var (window, rope) = config.Layers[layer];
            var angles = columns.Angles(tables[rope]);
            hidden = blocks[layer].Forward(hidden, columns.Mask(window, hidden.dtype), angles, past, dropout);
        }

        return hidden;
    }

    /// <inheritdoc />
    /// <remarks>Decoders take any number of positions in each text: [B, T, H] to [positions, H].</remarks>
    public override Tensor RunLastBlockAt(Tensor hidden, TokenBatch batch, long[] positions, DropoutContext dropout)
    {
        var columns = Columns(hidden, batch);
        var past = PastOf(batch);
        var (window, rope) = config.Layers[^1];
        var grid = PositionGrid.Of(positions, batch.Rows, batch.Length);
        var queries = new DecoderQueries(
            batch.Indices(columns.InHidden(positions)),
            batch.Indices(columns.InHidden(grid.Tokens)),
            grid.Chosen is null ? null : batch.Indices(grid.Chosen),
            columns.MaskAt(window, hidden.dtype, grid),
            columns.AnglesAt(tables[rope], grid));
        return blocks[^1].ForwardAt(hidden, queries, columns.Angles(tables[rope]), past, dropout);
    }

    public override Tensor Finish(Tensor hidden) =>
        TensorOps.RmsNorm(hidden, finalNorm.Value, config.Epsilon, config.NormOffset);

    protected override void Dispose(bool disposing)
    {
        foreach (var table in tables.Values)
        {
            table.Dispose();
        }

        base.Dispose(disposing);
    }

    private DecoderColumns Columns(Tensor hidden, TokenBatch batch) =>
        batch.Columns((int)hidden.size(1) - batch.Length, batch.Past is null ? PrefixLength : 0);

    private DecoderPast? PastOf(TokenBatch batch) =>
        batch.Past is { } cache
            ? DecoderPast.Of(cache, batch)
            : Prefix is null ? null : DecoderPast.Of(Prefix, batch.Rows, LayerCount, KeyHeads, HeadWidth);

    private NamedParameter? BindOutput(WeightBinder weights, Initial normal)
    {
        const string Name = "lm_head.weight";
        if (config.Tied)
        {
            return embedding;
        }

        // A checkpoint saved with a classifier has no output matrix: whoever needs it is told so then.
        var isClassifier = !weights.Has(Name) && weights.Has("score.weight");
        return isClassifier || !weights.WithOutput
            ? null
            : Own(weights.Bind(Name, NamedParameter.TopLayer, normal, false, config.Vocabulary, config.Hidden));
    }

    private NamedParameter BindNorm(string name, int layer, long size, WeightBinder weights) =>
        weights.Bind(name + ".weight", layer, config.NormOffset == 1 ? Initial.Zero : Initial.One, false, size);

    private DecoderBlock BuildBlock(int layer, WeightBinder weights, Initial normal)
    {
        var path = $"model.layers.{layer}.";
        var (queries, keys) = (config.Heads * config.HeadWidth, config.KeyHeads * config.HeadWidth);
        Linear Project(string name, long outputs, long inputs, bool biased)
        {
            var weight = Own(weights.Bind($"{path}{name}.weight", layer, normal, false, outputs, inputs));
            return Own(new Linear(
                weight, biased ? Own(weights.Bind($"{path}{name}.bias", layer, Initial.Zero, false, outputs)) : null));
        }

        Linear Attend(string name, long outputs, long inputs) =>
            Project("self_attn." + name, outputs, inputs, config.AttentionBias);
        Linear Feed(string name, long outputs, long inputs) =>
            Project("mlp." + name, outputs, inputs, config.FeedForwardBias);
        NamedParameter NormOf(string name, long size) => Own(BindNorm(path + name, layer, size, weights));
        return new DecoderBlock
        {
            Config = config,
            Layer = layer,
            Query = Attend("q_proj", queries, config.Hidden),
            Key = Attend("k_proj", keys, config.Hidden),
            Value = Attend("v_proj", keys, config.Hidden),
            Output = Attend("o_proj", config.Hidden, queries),
            QueryNorm = config.NormsHeads ? NormOf("self_attn.q_norm", config.HeadWidth) : null,
            KeyNorm = config.NormsHeads ? NormOf("self_attn.k_norm", config.HeadWidth) : null,
            Gate = Feed("gate_proj", config.Intermediate, config.Hidden),
            Up = Feed("up_proj", config.Intermediate, config.Hidden),
            Down = Feed("down_proj", config.Hidden, config.Intermediate),
            InputNorm = NormOf("input_layernorm", config.Hidden),

            // Without norms on outputs, the one named after attention is that before the feed-forward layer.
            AfterAttentionNorm = config.NormsOutputs ? NormOf("post_attention_layernorm", config.Hidden) : null,
            BeforeFeedForwardNorm = NormOf(
                config.NormsOutputs ? "pre_feedforward_layernorm" : "post_attention_layernorm", config.Hidden),
            AfterFeedForwardNorm = config.NormsOutputs ? NormOf("post_feedforward_layernorm", config.Hidden) : null,
        };
    }

    [GeneratedRegex(@"rotary_emb\.inv_freq$")]
    private static partial Regex Buffers();

    [GeneratedRegex(@"^(score\.|lm_head\.weight$)")]
    private static partial Regex OtherTasks();
}
