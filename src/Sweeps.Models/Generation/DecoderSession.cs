using Sweeps.Models.Ops;
using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models.Generation;

/// <summary>
/// Continues texts with a decoder, with a cache of keys and values. Prompts may be padded on either side: positions count
/// attended tokens only, so that a text gives the same alone and in a batch.
/// </summary>
public sealed class DecoderSession : GenerationSession
{
    private readonly Transformer model;
    private readonly long[] ids;
    private readonly long[] mask;
    private readonly Device device;
    private bool started;

    /// <summary>Makes a session; reads nothing yet.</summary>
    /// <param name="model">A decoder.</param>
    /// <param name="prompts">Prompts of one token or more; not owned, and not needed after.</param>
    /// <exception cref="NotSupportedException">The model is no decoder.</exception>
    public DecoderSession(Transformer model, TokenBatch prompts)
    {
        this.model = model;
        Rows = prompts.Rows;
        ids = prompts.Ids.ToArray();
        mask = Array.ConvertAll(prompts.Attended.ToArray(), seen => seen ? 1L : 0L);
        device = prompts.Device;
        Cache = model.NewCache(Rows);
    }

    /// <inheritdoc />
    public override int Rows { get; }

    /// <inheritdoc />
    public override int VocabularySize => model.VocabularySize;

    /// <summary>Keys and values so far.</summary>
    public KeyValueCache Cache { get; }

    /// <inheritdoc />
    public override Tensor Start() => Logits(StartHidden());

    /// <summary>Reads the prompts: final hidden states [B, H] of their last tokens.</summary>
    public Tensor StartHidden()
    {
        if (started)
        {
            throw new InvalidOperationException("a session is started once");
        }

        started = true;
        return HiddenOf(ids, mask);
    }

    /// <inheritdoc />
    public override Tensor Advance(long[] tokens) => Logits(HiddenOf(tokens, null));

    /// <inheritdoc />
    internal override Tensor ReadTree(long[] tokens, int[] parents, int[] depths)
    {
        var root = StartHidden().unsqueeze(1);
        using var off = no_grad();
        using var batch = new TokenBatch(ForEachRow(tokens), Rows, tokens.Length, device: device)
        {
            Past = Cache,
            ExtendsPast = false,
            Positions = ForEachRow(Array.ConvertAll(depths, depth => depth - 1L)),
            Parents = parents,
        };
        return cat([root, model.Hidden(batch, DropoutContext.None)], 1);
    }

    /// <inheritdoc />
    protected override void Dispose(bool disposing) => Cache.Dispose();

    private Tensor HiddenOf(long[] tokens, long[]? attended)
    {
        using var off = no_grad();
        using var batch = new TokenBatch(tokens, Rows, tokens.Length / Rows, attended, device: device)
        {
            Past = Cache,
            Positions = attended is null ? null : TokenBatch.PositionsFromMask(attended, Rows),
        };
        return model.HiddenAt(batch, batch.LastAttended(), DropoutContext.None);
    }

    private Tensor Logits(Tensor hidden)
    {
        using var off = no_grad();
        return model.Logits(hidden).to_type(ScalarType.Float32);
    }
}
