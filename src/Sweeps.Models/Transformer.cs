using Sweeps.Models.Decoders;
using Sweeps.Models.Generation;
using Sweeps.Models.Heads;
using Sweeps.Models.Layers;
using Sweeps.Models.Ops;
using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models;

/// <summary>
/// A transformer without its task head. Shapes: B texts, T tokens, H = <see cref="HiddenSize"/>,
/// V = <see cref="VocabularySize"/>. The caller keeps each step inside a dispose scope. Not safe for two threads.
/// </summary>
public abstract class Transformer : IDisposable
{
    private readonly List<NamedParameter> parameters = [];
    private readonly List<Linear> linears = [];

    /// <summary>As in config.json, for example <c>gemma3_text</c>.</summary>
    public abstract string ModelType { get; }

    /// <summary>True for causal language models, false for encoders.</summary>
    public abstract bool IsDecoder { get; }

    /// <summary>H.</summary>
    public abstract int HiddenSize { get; }

    /// <summary>V.</summary>
    public abstract int VocabularySize { get; }

    /// <summary>Number of blocks.</summary>
    public abstract int LayerCount { get; }

    /// <summary>
    /// Number of blocks that <see cref="NamedParameter.Layer"/> counts: <see cref="LayerCount"/>, and for encoder-decoders
    /// those of the decoder after them.
    /// </summary>
    public virtual int BlockCount => LayerCount;

    /// <summary>Longest text in tokens.</summary>
    public abstract int MaxPositions { get; }

    /// <summary>From config.json; null when it names none.</summary>
    public abstract long? PadTokenId { get; }

    /// <summary>Standard deviation of new weights: initializer_range of config.json.</summary>
    public abstract double InitializerRange { get; }

    /// <summary>Module name of the last layer of a classifier on this model, as Hugging Face calls it.</summary>
    public virtual string ClassifierName => IsDecoder ? "score" : "classifier";

    /// <summary>
    /// Weights that the pooler of this family takes from the classifier's module (RoBERTa's classifier.dense). They
    /// belong to the head, not to <see cref="Parameters"/>; the model frees them.
    /// </summary>
    public virtual IReadOnlyList<NamedParameter> ClassifierParameters => [];

    /// <summary>What a classifier of this family reads unless it is told otherwise.</summary>
    public virtual HeadPooling UsualPooling => IsDecoder ? HeadPooling.Last : HeadPooling.Pooled;

    /// <summary>Dropout before the classifier, from config.json; 0 for decoders.</summary>
    public virtual double ClassifierDropout => 0;

    /// <summary>
    /// Every weight under its Hugging Face name, in Hugging Face's order, packed ones too. Tied weights appear once.
    /// </summary>
    public IReadOnlyList<NamedParameter> Parameters => parameters;

    /// <summary>Whether the matrices of linear layers are held in 4 bits: then they cannot be trained.</summary>
    public bool IsQuantised => parameters.Exists(parameter => parameter.IsPacked);

    /// <summary>Every linear layer that an adapter may attach to: all but the output head.</summary>
    public IReadOnlyList<Linear> Linears => linears;

    /// <summary>
    /// Keys and values that attention sees before every text, [n, layers * 2 * <see cref="KeyHeads"/> *
    /// <see cref="HeadWidth"/>]: for layer l the keys are part 2l and the values part 2l + 1 of [n, 2 * layers, heads,
    /// width]. They enter as they are, without norm and rotation; the text starts at position n. Set by prefix tuning;
    /// gradients flow into it. Null for none. Not owned.
    /// </summary>
    internal Tensor? Prefix { get; set; }

    /// <summary>
    /// Rows [n, H] that <see cref="Embed"/> puts before the token embeddings, as they are; the text starts at position n.
    /// Set by prompt tuning; gradients flow into it. Null for none. Not owned.
    /// </summary>
    internal Tensor? SoftPrompt { get; set; }

    /// <summary>Heads of keys and values, for decoders.</summary>
    /// <exception cref="NotSupportedException">The family takes no prefix and no cache.</exception>
    public virtual int KeyHeads => throw NoCache();

    /// <summary>Width of a head, for decoders.</summary>
    /// <exception cref="NotSupportedException">The family takes no prefix and no cache.</exception>
    public virtual int HeadWidth => throw NoCache();

    /// <summary>Token, and where there are any position and type, embeddings: [B, T, H]; with a prompt [B, n + T, H].</summary>
    public abstract Tensor Embed(TokenBatch batch, DropoutContext dropout);

    /// <summary>Runs blocks <paramref name="from"/> up to, not including, <paramref name="to"/> on [B, T, H].</summary>
    public abstract Tensor RunBlocks(Tensor hidden, TokenBatch batch, int from, int to, DropoutContext dropout);

    /// <summary>The final norm, where the family has one: [B, T, H].</summary>
    public abstract Tensor Finish(Tensor hidden);

    /// <summary>
    /// Whether training keeps the blocks' inputs only and computes the blocks again in the backward pass: the same
    /// gradients, less memory, about a third more work.
    /// </summary>
    public bool RecomputesBlocks { get; set; }

    /// <summary>The whole model up to its head: [B, T, H]. Virtual tokens of a prompt are left out.</summary>
    public Tensor Hidden(TokenBatch batch, DropoutContext dropout)
    {
        var all = HiddenWithPrompt(batch, dropout);
        return all.size(1) == batch.Length ? all : all.narrow(1, all.size(1) - batch.Length, batch.Length);
    }

    /// <summary>As <see cref="Hidden"/>, with the n virtual tokens of a prompt in front: [B, n + T, H].</summary>
    public Tensor HiddenWithPrompt(TokenBatch batch, DropoutContext dropout) =>
        Finish(Blocks(Embed(batch, dropout), batch, 0, LayerCount, dropout));

    /// <summary>
    /// A cache for generation that holds no text yet, only the prefix, where there is one. Give it to a batch of
    /// <paramref name="rows"/> texts as <see cref="TokenBatch.Past"/>, then to batches of the tokens that follow. The
    /// caller owns it.
    /// </summary>
    /// <exception cref="NotSupportedException">The family takes no cache.</exception>
    public KeyValueCache NewCache(int rows)
    {
        _ = KeyHeads;
        var cache = new KeyValueCache(rows, LayerCount);
        if (Prefix is not null)
        {
            using var scope = NewDisposeScope();
            using var off = no_grad();
            var past = DecoderPast.Of(Prefix, rows, LayerCount, KeyHeads, HeadWidth);
            for (var layer = 0; layer < LayerCount; layer++)
            {
                var (keys, values) = past.Before(layer)!.Value;
                cache.Replace(layer, keys.clone(), values.clone());
            }

            for (var column = 0; column < PrefixLength; column++)
            {
                cache.AddColumn([.. Enumerable.Repeat((long)column, rows)], [.. Enumerable.Repeat(true, rows)]);
            }
        }

        return cache;
    }

    /// <summary>Begins to continue prompts, or with an encoder-decoder to write what follows from them.</summary>
    /// <param name="prompts">Padded on either side; not owned.</param>
    /// <exception cref="NotSupportedException">The family is an encoder.</exception>
    public virtual GenerationSession NewSession(TokenBatch prompts) => new DecoderSession(this, prompts);

    /// <summary>
    /// The last block for one position of each text, the same numbers as the whole block gives there (up to rounding) for
    /// a fraction of the work: [B, T, H] to [B, H]. Decoders take any number of positions in each text.
    /// </summary>
    /// <param name="hidden">Output of the block before.</param>
    /// <param name="batch">The texts.</param>
    /// <param name="positions">
    /// Indices into the flattened batch: for encoders B, one in each row, in order; for decoders any.
    /// </param>
    /// <param name="dropout">Dropout of this micro-step.</param>
    public abstract Tensor RunLastBlockAt(Tensor hidden, TokenBatch batch, long[] positions, DropoutContext dropout);

    /// <summary>
    /// Final hidden states [B, H] of one position of each text, what classifiers read, or of a decoder's graded tokens.
    /// </summary>
    /// <param name="batch">The texts.</param>
    /// <param name="positions">As for <see cref="RunLastBlockAt"/>.</param>
    /// <param name="dropout">Dropout of this micro-step.</param>
    public Tensor HiddenAt(TokenBatch batch, long[] positions, DropoutContext dropout) =>
        HiddenAt(Embed(batch, dropout), 0, batch, positions, dropout);

    /// <summary>As the other overload, from the output [B, T, H] of the blocks below <paramref name="from"/>.</summary>
    public Tensor HiddenAt(Tensor hidden, int from, TokenBatch batch, long[] positions, DropoutContext dropout) =>
        Finish(from == LayerCount
            ? Rows(hidden, batch, positions)
            : RunLastBlockAt(Blocks(hidden, batch, from, LayerCount - 1, dropout), batch, positions, dropout));

    private Tensor Blocks(Tensor hidden, TokenBatch batch, int from, int to, DropoutContext dropout)
    {
        if (!RecomputesBlocks || !is_grad_enabled())
        {
            return RunBlocks(hidden, batch, from, to, dropout);
        }

        // Below the first trained weight nothing is kept in any case; whatever trains there shows in a block's output.
        var layer = from;
        for (; layer < to && !hidden.requires_grad; layer++)
        {
            var output = RunBlocks(hidden, batch, layer, layer + 1, dropout);
            if (output.requires_grad)
            {
                output.Dispose();
                break;
            }

            hidden = output;
        }

        for (; layer < to; layer++)
        {
            var block = layer;
            hidden = Recomputation.Run(hidden, input => RunBlocks(input, batch, block, block + 1, dropout));
        }

        return hidden;
    }

    /// <summary>Matrix of the vocabulary projection [V, H] (the embeddings when tied); null for encoders.</summary>
    public abstract NamedParameter? OutputEmbedding { get; }

    /// <summary>Vocabulary logits [n, V] of chosen rows [n, H] of the hidden states.</summary>
    /// <exception cref="NotSupportedException">The family is an encoder.</exception>
    public Tensor Logits(Tensor rows) =>
        nn.functional.linear(rows, RequireOutput().Value);

    /// <summary>
    /// What the family puts between one vector of each text and the last layer of the classifier: [B, H] to [B, H].
    /// </summary>
    /// <param name="vectors">[B, H]: hidden states of one token of each text, or their mean.</param>
    /// <param name="pooling">What they are; poolers that were trained on the first token leave others as they are.</param>
    /// <param name="dropout">Dropout of this micro-step.</param>
    public virtual Tensor Pooled(Tensor vectors, HeadPooling pooling, DropoutContext dropout) => vectors;

    /// <summary>Chosen rows of [B, T, H] hidden states, by index into the flattened batch: [n, H].</summary>
    public static Tensor Rows(Tensor hidden, TokenBatch batch, long[] positions) =>
        Flat(hidden, batch).index_select(0, batch.Indices(positions));

    /// <summary>[B, T, H], or [B, n + T, H] with a prompt, to the rows of the text alone: [B * T, H].</summary>
    private static Tensor Flat(Tensor hidden, TokenBatch batch)
    {
        var leading = hidden.dim() == 3 ? hidden.size(1) - batch.Length : 0;
        return (leading == 0 ? hidden : hidden.narrow(1, leading, batch.Length)).reshape(-1, hidden.shape[^1]);
    }

    /// <summary>Brings packed matrices back to tensors, with the values that the packed ones stand for: for a merged export.</summary>
    public void Dequantise() => parameters.ForEach(parameter => parameter.Unpack());

    /// <inheritdoc />
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    internal NamedParameter RequireOutput() =>
        OutputEmbedding ?? throw new NotSupportedException(IsDecoder
            ? $"this {ModelType} has no vocabulary projection (lm_head.weight): it was saved or loaded as a classifier"
            : $"{ModelType} has no vocabulary projection: it is an encoder");

    /// <summary>Columns of <see cref="Prefix"/>.</summary>
    private protected int PrefixLength => (int)(Prefix?.size(0) ?? 0);

    /// <summary>Rows of <see cref="SoftPrompt"/> that go before the texts of a batch: none once a cache holds them.</summary>
    private protected int LeadingTokens(TokenBatch batch) =>
        batch.Past is { Length: > 0 } ? 0 : (int)(SoftPrompt?.size(0) ?? 0);

    private NotSupportedException NoCache() =>
        new($"{ModelType} is no decoder: it takes no prefix and no cache of keys and values");

    /// <summary>Frees the weights.</summary>
    protected virtual void Dispose(bool disposing)
    {
        foreach (var parameter in parameters)
        {
            parameter.Free();
        }
    }

    private protected NamedParameter Own(NamedParameter parameter)
    {
        parameters.Add(parameter);
        return parameter;
    }

    /// <summary>Lists a linear layer and packs its matrix when the model is loaded in 4 bits.</summary>
    private protected Linear Own(Linear linear)
    {
        linear.Weight.PackIfAsked();
        linears.Add(linear);
        return linear;
    }
}
