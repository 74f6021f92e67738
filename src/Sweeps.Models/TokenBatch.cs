using TorchSharp;
using static TorchSharp.torch;

namespace Sweeps.Models;

/// <summary>
/// Token ids of a few texts, padded to one length, with the masks that models derive from them. Masks are made once and
/// serve every layer. Owns its tensors.
/// </summary>
public sealed class TokenBatch : IDisposable
{
    private readonly long[] ids;
    private readonly bool[] attended;
    private readonly long[]? tokenTypes;
    private readonly Dictionary<(int Window, ScalarType Type), Tensor> causalMasks = [];
    private Tensor? paddingMask;
    private Tensor? tokenTypeTensor;

    /// <summary>Creates a batch of <paramref name="rows"/> x <paramref name="length"/> tokens, row by row.</summary>
    /// <param name="inputIds">rows * length ids.</param>
    /// <param name="rows">Number of texts.</param>
    /// <param name="length">Tokens of each, padding included.</param>
    /// <param name="attentionMask">1 for tokens, 0 for padding; null when nothing is padded.</param>
    /// <param name="tokenTypeIds">Segment of each token, for encoders; null is all 0.</param>
    /// <param name="device">Where the tensors live; null is the CPU.</param>
    /// <exception cref="ArgumentException">An array has another length than rows * length.</exception>
    public TokenBatch(
        long[] inputIds,
        int rows,
        int length,
        long[]? attentionMask = null,
        long[]? tokenTypeIds = null,
        Device? device = null)
    {
        var count = checked(rows * length);
        if (inputIds.Length != count || (attentionMask ?? inputIds).Length != count || (tokenTypeIds ?? inputIds).Length != count)
        {
            throw new ArgumentException($"expected {rows} x {length} = {count} ids, mask and token type values", nameof(inputIds));
        }

        ids = inputIds;
        Rows = rows;
        Length = length;
        Device = device ?? CPU;
        attended = attentionMask is null
            ? Enumerable.Repeat(true, count).ToArray()
            : Array.ConvertAll(attentionMask, value => value != 0);
        HasPadding = Array.IndexOf(attended, false) >= 0;
        tokenTypes = tokenTypeIds;
        InputIds = Detached(() => tensor(ids, [rows, length]).to(Device));
    }

    /// <summary>Number of texts.</summary>
    public int Rows { get; }

    /// <summary>Tokens of each text, padding included.</summary>
    public int Length { get; }

    /// <summary>Where the tensors live.</summary>
    public Device Device { get; }

    /// <summary>int64 [rows, length].</summary>
    public Tensor InputIds { get; }

    /// <summary>Whether the attention mask hides anything.</summary>
    public bool HasPadding { get; }

    /// <summary>The ids, row by row.</summary>
    public ReadOnlySpan<long> Ids => ids;

    /// <summary>Whether each token is attended to, row by row.</summary>
    public ReadOnlySpan<bool> Attended => attended;

    /// <summary>int64 [rows, length].</summary>
    public Tensor TokenTypeIds =>
        tokenTypeTensor ??= Detached(() => tensor(tokenTypes ?? new long[ids.Length], [Rows, Length]).to(Device));

    /// <summary>
    /// For each row the index, in the flattened batch, of its last token that is not <paramref name="padTokenId"/>: what
    /// Hugging Face decoder classifiers pool (they look at ids, not at the mask). A row of pads gives its last position.
    /// </summary>
    /// <exception cref="ArgumentException">No pad id, and more than one row.</exception>
    public long[] LastTokens(long? padTokenId)
    {
        if (padTokenId is null && Rows > 1)
        {
            throw new ArgumentException("the model names no pad_token_id, so that texts cannot be classified in batches");
        }

        var last = new long[Rows];
        for (var row = 0; row < Rows; row++)
        {
            var at = Length - 1;
            while (at > 0 && ids[(row * Length) + at] == padTokenId)
            {
                at--;
            }

            last[row] = (row * Length) + (ids[(row * Length) + at] == padTokenId ? Length - 1 : at);
        }

        return last;
    }

    /// <summary>For each row the index, in the flattened batch, of its last attended token.</summary>
    public long[] LastAttended()
    {
        var last = new long[Rows];
        for (var row = 0; row < Rows; row++)
        {
            var at = Array.LastIndexOf(attended, true, (row * Length) + Length - 1, Length);
            last[row] = at < 0 ? (row * Length) + Length - 1 : at;
        }

        return last;
    }

    /// <summary>Whether a token of this id is attended to anywhere.</summary>
    public bool Attends(long id)
    {
        for (var at = Array.IndexOf(ids, id); at >= 0; at = Array.IndexOf(ids, id, at + 1))
        {
            if (attended[at])
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>For each row the index, in the flattened batch, of its first token: what encoders pool.</summary>
    public long[] FirstTokens() => [.. Enumerable.Range(0, Rows).Select(row => (long)row * Length)];

    /// <inheritdoc />
    public void Dispose()
    {
        InputIds.Dispose();
        paddingMask?.Dispose();
        tokenTypeTensor?.Dispose();
        foreach (var mask in causalMasks.Values)
        {
            mask.Dispose();
        }
    }

    /// <summary>
    /// Additive mask [rows or 1, 1, length, length]: 0 where query q may see key k, minus infinity elsewhere. A query
    /// sees attended keys k with q - window &lt; k &lt;= q, and always itself, so that no row of a softmax is empty.
    /// </summary>
    /// <param name="window">Width including the query itself; 0 is unlimited.</param>
    /// <param name="type">Element type of the mask: that of the queries.</param>
    internal Tensor CausalMask(int window, ScalarType type)
    {
        var width = window <= 0 || window >= Length ? 0 : window;
        if (!causalMasks.TryGetValue((width, type), out var mask))
        {
            mask = BuildCausal(width, type);
            causalMasks.Add((width, type), mask);
        }

        return mask;
    }

    /// <summary>Additive mask [rows, 1, 1, length] that hides padding from every query; null when there is none.</summary>
    internal Tensor? PaddingMask(ScalarType type)
    {
        if (HasPadding && paddingMask is null)
        {
            // The most negative finite value: a row that is all padding then averages instead of giving NaN.
            var values = Array.ConvertAll(attended, seen => seen ? 0f : float.MinValue);
            paddingMask = Detached(() => tensor(values, [Rows, 1, 1, Length]).to(type, Device).maximum(LowestOf(type)));
        }

        return paddingMask;
    }

    /// <summary>Indices of rows in the flattened batch as a tensor on the batch's device; the caller owns it.</summary>
    internal Tensor Indices(long[] positions) => tensor(positions).to(Device);

    private Tensor LowestOf(ScalarType type) =>
        tensor(type == ScalarType.Float16 ? -65504f : -3.3895e38f).to(type, Device);

    /// <summary>As <see cref="CausalMask"/> for one query of each row only: [rows, 1, 1, length], owned by the caller.</summary>
    internal Tensor CausalMaskAt(int window, ScalarType type, long[] positions)
    {
        var values = new float[ids.Length];
        for (var row = 0; row < Rows; row++)
        {
            FillCausal(values.AsSpan(row * Length, Length), row, (int)(positions[row] % Length), window);
        }

        return tensor(values, [Rows, 1, 1, Length]).to(type, Device);
    }

    private Tensor BuildCausal(int window, ScalarType type)
    {
        var rows = HasPadding ? Rows : 1;
        var values = new float[rows * Length * Length];
        for (var row = 0; row < rows; row++)
        {
            for (var query = 0; query < Length; query++)
            {
                FillCausal(values.AsSpan(((row * Length) + query) * Length, Length), row, query, window);
            }
        }

        return Detached(() => tensor(values, [rows, 1, Length, Length]).to(type, Device));
    }

    private void FillCausal(Span<float> line, int row, int query, int window)
    {
        line.Fill(float.NegativeInfinity);
        for (var key = window <= 0 ? 0 : Math.Max(0, query - window + 1); key <= query; key++)
        {
            if (key == query || !HasPadding || attended[(row * Length) + key])
            {
                line[key] = 0f;
            }
        }
    }

    /// <summary>Keeps a tensor alive beyond the scope of the step in which it is first needed.</summary>
    private static Tensor Detached(Func<Tensor> make)
    {
        using var scope = NewDisposeScope();
        return make().DetachFromDisposeScope();
    }
}
