using Sweeps.Models.Ops;
using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models.Generation;

/// <summary>
/// Continues texts with a decoder, with a cache of keys and values. Prompts may be padded on either side: positions count
/// attended tokens only, so that a text gives the same alone and in a batch. What all prompts begin with, a template say,
/// is read once.
/// </summary>
public sealed class DecoderSession : GenerationSession
{
    /// <summary>Fewer tokens in common are not worth a pass of their own.</summary>
    private const int LeastShared = 4;

    private readonly Transformer model;
    private readonly long[][] prompts;
    private readonly Device device;
    private KeyValueCache? cache;

    /// <summary>Makes a session; reads nothing yet.</summary>
    /// <param name="model">A decoder.</param>
    /// <param name="prompts">Prompts of one token or more; not owned, and not needed after.</param>
    /// <exception cref="NotSupportedException">The model is no decoder.</exception>
    /// <exception cref="ArgumentException">A prompt is empty.</exception>
    public DecoderSession(Transformer model, TokenBatch prompts)
    {
        _ = model.KeyHeads;
        this.model = model;
        Rows = prompts.Rows;
        this.prompts = [.. Enumerable.Range(0, Rows).Select(row => Attended(prompts, row))];
        device = prompts.Device;
        if (Array.FindIndex(this.prompts, prompt => prompt.Length == 0) is >= 0 and var empty)
        {
            throw new ArgumentException($"prompt {empty} has no tokens: nothing can follow it");
        }
    }

    /// <inheritdoc />
    public override int Rows { get; }

    /// <inheritdoc />
    public override int VocabularySize => model.VocabularySize;

    /// <inheritdoc />
    public override Tensor Start() => Logits(StartHidden());

    /// <summary>Reads the prompts: final hidden states [B, H] of their last tokens.</summary>
    public Tensor StartHidden()
    {
        if (cache is not null)
        {
            throw new InvalidOperationException("a session is started once");
        }

        var shared = Shared();
        cache = model.NewCache(shared > 0 ? 1 : Rows);
        if (shared > 0)
        {
            using var scope = NewDisposeScope();
            using var one = cache;
            _ = HiddenOf(prompts[0][..shared], 1, null);
            cache = one.Select(new int[Rows]);
        }

        var length = prompts.Max(prompt => prompt.Length) - shared;
        var (ids, mask) = (new long[Rows * length], new long[Rows * length]);
        for (var row = 0; row < Rows; row++)
        {
            prompts[row].AsSpan(shared).CopyTo(ids.AsSpan(row * length));
            Array.Fill(mask, 1, row * length, prompts[row].Length - shared);
        }

        return HiddenOf(ids, Rows, mask);
    }

    /// <inheritdoc />
    public override Tensor Advance(long[] tokens) => Logits(HiddenOf(tokens, Rows, null));

    /// <inheritdoc />
    internal override Tensor ReadTree(long[] tokens, int[] parents, int[] depths)
    {
        var root = StartHidden().unsqueeze(1);
        if (tokens.Length == 0)
        {
            return root;
        }

        using var off = no_grad();
        using var batch = new TokenBatch(ForEachRow(tokens), Rows, tokens.Length, device: device)
        {
            Past = cache,
            ExtendsPast = false,
            Positions = ForEachRow(Array.ConvertAll(depths, depth => depth - 1L)),
            Parents = parents,
        };
        return cat([root, model.Hidden(batch, DropoutContext.None)], 1);
    }

    /// <inheritdoc />
    protected override void Dispose(bool disposing) => cache?.Dispose();

    private static long[] Attended(TokenBatch batch, int row) =>
        [.. Enumerable.Range(row * batch.Length, batch.Length).Where(at => batch.Attended[at]).Select(at => batch.Ids[at])];

    /// <summary>How many tokens all prompts begin with, leaving each at least one of its own; 0 where it is not worth it.</summary>
    private int Shared()
    {
        var shared = prompts.Min(prompt => prompt.Length) - 1;
        foreach (var prompt in prompts)
        {
            shared = Math.Min(shared, prompt.AsSpan().CommonPrefixLength(prompts[0]));
        }

        return Rows > 1 && shared >= LeastShared ? shared : 0;
    }

    private Tensor HiddenOf(long[] tokens, int rows, long[]? attended)
    {
        using var off = no_grad();
        using var batch = new TokenBatch(tokens, rows, tokens.Length / rows, attended, device: device)
        {
            Past = cache,
            Positions = attended is null ? null : TokenBatch.PositionsFromMask(attended, rows),
        };
        return model.HiddenAt(batch, batch.LastAttended(), DropoutContext.None);
    }

    private Tensor Logits(Tensor hidden)
    {
        using var off = no_grad();
        return model.Logits(hidden).to_type(ScalarType.Float32);
    }
}
