using System.Text.RegularExpressions;
using Sweeps.Models.Layers;
using Sweeps.Models.Loading;
using Sweeps.Models.Ops;
using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models.Gemma3;

/// <summary>Gemma 3, text only, as a causal language model. Source: modeling_gemma3.py, Gemma3ForCausalLM.</summary>
internal sealed partial class Gemma3Model : Transformer
{
    private readonly Gemma3Config config;
    private readonly NamedParameter embedding;
    private readonly NamedParameter finalNorm;
    private readonly NamedParameter output;
    private readonly Gemma3Block[] blocks;
    private readonly RotaryTable globalAngles;
    private readonly RotaryTable localAngles;
    private readonly double embeddingScale;

    public Gemma3Model(Gemma3Config config, WeightBinder weights)
    {
        this.config = config;
        var normal = Initial.Normal(config.InitializerRange);
        embedding = Own(weights.Bind(
            "model.embed_tokens.weight", NamedParameter.EmbeddingLayer, normal, false, config.Vocabulary, config.Hidden));
        blocks = [.. Enumerable.Range(0, config.Layers).Select(layer => BuildBlock(layer, weights, normal))];
        finalNorm = Own(weights.Bind("model.norm.weight", NamedParameter.TopLayer, Initial.Zero, false, config.Hidden));
        output = config.Tied
            ? embedding
            : Own(weights.Bind(
                "lm_head.weight", NamedParameter.TopLayer, normal, false, config.Vocabulary, config.Hidden));
        weights.Complete(Buffers(), OtherTasks());
        globalAngles = Angles(config.GlobalRope, weights);
        localAngles = Angles(config.LocalRope, weights);

        // The reference rounds the factor to the type of the weights first.
        using var factor = tensor(Math.Sqrt(config.Hidden), dtype: weights.Type).to_type(ScalarType.Float64);
        embeddingScale = factor.item<double>();
    }

    public override string ModelType => "gemma3_text";

    public override bool IsDecoder => true;

    public override int HiddenSize => config.Hidden;

    public override int VocabularySize => config.Vocabulary;

    public override int LayerCount => config.Layers;

    public override int MaxPositions => config.MaxPositions;

    public override long? PadTokenId => config.PadTokenId;

    public override double InitializerRange => config.InitializerRange;

    public override NamedParameter? OutputEmbedding => output;

    public override Tensor Embed(TokenBatch batch, DropoutContext dropout) =>
        TensorOps.Look(embedding.Value, batch, config.PadTokenId)
            .mul(embeddingScale)
            .view(batch.Rows, batch.Length, config.Hidden);

    public override Tensor RunBlocks(Tensor hidden, TokenBatch batch, int from, int to, DropoutContext dropout)
    {
        for (var layer = from; layer < to; layer++)
        {
            var block = blocks[layer];
            var mask = batch.CausalMask(block.IsSliding ? config.Window : 0, hidden.dtype);
            var angles = (block.IsSliding ? localAngles : globalAngles).For(batch.Length);
            hidden = block.Forward(hidden, mask, angles, dropout);
        }

        return hidden;
    }

    public override Tensor RunLastBlockAt(Tensor hidden, TokenBatch batch, long[] positions, DropoutContext dropout)
    {
        var block = blocks[^1];
        var angles = (block.IsSliding ? localAngles : globalAngles).For(batch.Length);
        var places = batch.Indices(Array.ConvertAll(positions, position => position % batch.Length));
        var mask = batch.CausalMaskAt(block.IsSliding ? config.Window : 0, hidden.dtype, positions);
        return block.ForwardAt(hidden, batch.Indices(positions), mask, angles, places, dropout);
    }

    public override Tensor Finish(Tensor hidden) => Norm(hidden, finalNorm, config.Epsilon);

    /// <summary>The family stores norm weights minus one.</summary>
    internal static Tensor Norm(Tensor input, NamedParameter weight, double epsilon, Tensor? residual = null) =>
        TensorOps.RmsNorm(input, weight.Value, epsilon, 1, residual);

    protected override void Dispose(bool disposing)
    {
        globalAngles.Dispose();
        localAngles.Dispose();
        base.Dispose(disposing);
    }

    private Gemma3Block BuildBlock(int layer, WeightBinder weights, Initial normal)
    {
        var path = $"model.layers.{layer}.";
        var (queries, keys) = (config.Heads * config.HeadWidth, config.KeyHeads * config.HeadWidth);
        Linear Project(string name, long outputs, long inputs) =>
            Own(new Linear(Own(weights.Bind($"{path}{name}.weight", layer, normal, false, outputs, inputs))));
        NamedParameter NormOf(string name, long size) =>
            Own(weights.Bind($"{path}{name}.weight", layer, Initial.Zero, false, size));
        return new Gemma3Block
        {
            Config = config,
            IsSliding = config.IsSliding[layer],
            Query = Project("self_attn.q_proj", queries, config.Hidden),
            Key = Project("self_attn.k_proj", keys, config.Hidden),
            Value = Project("self_attn.v_proj", keys, config.Hidden),
            Output = Project("self_attn.o_proj", config.Hidden, queries),
            QueryNorm = NormOf("self_attn.q_norm", config.HeadWidth),
            KeyNorm = NormOf("self_attn.k_norm", config.HeadWidth),
            Gate = Project("mlp.gate_proj", config.Intermediate, config.Hidden),
            Up = Project("mlp.up_proj", config.Intermediate, config.Hidden),
            Down = Project("mlp.down_proj", config.Hidden, config.Intermediate),
            InputNorm = NormOf("input_layernorm", config.Hidden),
            AfterAttentionNorm = NormOf("post_attention_layernorm", config.Hidden),
            BeforeFeedForwardNorm = NormOf("pre_feedforward_layernorm", config.Hidden),
            AfterFeedForwardNorm = NormOf("post_feedforward_layernorm", config.Hidden),
        };
    }

    private RotaryTable Angles(Gemma3Rope rope, WeightBinder weights) =>
        new(rope.Theta, config.HeadWidth, rope.LinearFactor, weights.Type, weights.Device);

    [GeneratedRegex(@"rotary_emb\.inv_freq$")]
    private static partial Regex Buffers();

    [GeneratedRegex(@"^(score\.|lm_head\.weight$)")]
    private static partial Regex OtherTasks();
}
